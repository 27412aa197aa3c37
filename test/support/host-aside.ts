/** On-host programs that work in a folder instead of on the host that the tests run on, as root perhaps. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { putIn } from './put-in.js'

const host = fileURLToPath(new URL('../../templates/host/', import.meta.url))

/** Where a host keeps what is its own; what programs are found by stays. */
const own =
  /(?<![\w.}\\*%~/)\]$@-])\/(?=(?:boot|etc|home|media|mnt|opt|root|run|srv|tmp|usr\/local(?!\/s?bin(?::|$))|var)\b)/gm
/** What else a path may begin with: it is only read and run, or is the kernel's. */
const everybodys = ['bin', 'dev', 'lib', 'lib64', 'proc', 'sbin', 'sys', 'usr']
/** Ends of paths that programs put together, and names of systemd's on the bus. */
const none = ['ns', 'org']
/** Expressions of sed(1) and awk(1) seldom have two parts. */
const absolute = /(?<=^|[\s=<>:]|[\s=(]["'])\/([a-z][a-z0-9]*)\/[\w$]/gm

/**
 * A program, or a part of one, with every place of the host below the folder, by whatever path; `places` are others that are to be elsewhere in
 * it. Throws where that would leave a way to the real host, or where there was nothing to replace.
 */
export function aside(program: string, folder: string, places: Readonly<Record<string, string>> = {}): string {
  const moved = movedAside(program, folder, places)
  if (moved === program) throw new Error('the program has no place of the host')
  return moved
}

/** All programs of a host in the folder, so moved; the path of lib/ there, with a slash behind. */
export function programsAside(folder: string, to = 'programs'): string {
  for (const file of readdirSync(host, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.sh')))
    putIn(folder, path.join(to, file), movedAside(readFileSync(path.join(host, file), 'utf8'), folder))
  return `${path.join(folder, to, 'lib')}/`
}

function movedAside(program: string, folder: string, places: Readonly<Record<string, string>> = {}): string {
  let moved = program
  for (const [place, there] of Object.entries(places)) {
    if (!moved.includes(place)) throw new Error(`the program has no ${place} that a test could put elsewhere`)
    moved = moved.replaceAll(place, `\0/${there}`)
  }
  moved = moved.replace(own, '\0/')
  for (const [, top = ''] of moved.replace(/^\s*#.*$/gm, '').matchAll(absolute))
    if (![...everybodys, ...none].includes(top))
      throw new Error(`the program has a path below /${top}, which ${import.meta.filename} leaves where it is`)
  return moved.replaceAll('\0', folder)
}
