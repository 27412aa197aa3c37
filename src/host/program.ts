/** Packs the on-host program and its data into one shell line. Builds no shell text but that constant line. */
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { editsPeople } from './data.js'
import { collect } from './stream.js'

/** templates/ of the package; two levels up from src/host and from dist/host alike. */
const templates = fileURLToPath(new URL('../../templates/', import.meta.url))

export type Verb = 'inspect' | 'verify' | 'change' | 'confirm' | 'extend' | 'roll-back' | 'history' | 'seal'

/** Files for the program's data folder, by path relative to it. */
export type Data = Readonly<Record<string, string>>

interface Entry {
  readonly name: string
  readonly text: string
}

let program: Promise<readonly Entry[]> | undefined

/**
 * The command for Run Command: unpacks the program into a folder of /run that systemd removes however the program ends, and runs it
 * there as a transient unit, which can be stopped whole. Only base64 is inserted. AWS limits a document and its parameters to 64 KB.
 */
export async function hostCommand(verb: Verb, data: Data, seconds: number): Promise<string> {
  program ??= load()
  const used = usedBy(verb, neededFor(verb, data, await program))
  const isScript = ({ name }: Entry): boolean => name.endsWith('.sh')
  const entries = [
    { name: 'scripts', text: inOne(used.filter(isScript)) },
    ...used.filter((entry) => !isScript(entry)),
    ...Object.entries({ ...data, verb }).map(([path, text]) => ({ name: `data/${path}`, text })),
  ]
  return bootstrap((await archive(entries)).toString('base64'), seconds)
}

const changesPeople = ({ roster = '' }: Data): boolean => roster !== ''

/** Libraries that some changes do without, and the guards that these leave on the host, too. */
const onlyWhere: Readonly<Record<string, (data: Data) => boolean>> = {
  'lib/roster-apply.sh': changesPeople,
  'lib/roster-check.sh': changesPeople,
  'lib/roster-undo.sh': changesPeople,
  'lib/roster-accounts.sh': editsPeople,
  'lib/roster-accounts-undo.sh': editsPeople,
  'lib/keys-edit.sh': editsPeople,
  'lib/seal.sh': editsPeople,
  'lib/sunset.sh': (data) => Object.keys(data).some((path) => path.startsWith('sunset/')),
}

function neededFor(verb: Verb, data: Data, all: readonly Entry[]): readonly Entry[] {
  return verb === 'change' ? all.filter(({ name }) => onlyWhere[name]?.(data) ?? true) : all
}

/** The scripts that a verb's own leads to, by what each names of the others, and the units: what else there is would only be sent. */
function usedBy(verb: Verb, all: readonly Entry[]): Entry[] {
  const texts = new Map(all.map(({ name, text }) => [name, text]))
  const used = new Set<string>()
  const visit = (name: string): void => {
    const text = texts.get(name)
    if (text === undefined || used.has(name)) return
    used.add(name)
    for (const [, list = ''] of text.matchAll(/^ *for _?lib in ([a-z -]+);/gm))
      for (const lib of list.split(' ')) visit(`lib/${lib}.sh`)
    for (const [, path = ''] of text.matchAll(/\$RUN\/((?:lib\/)?[a-z-]+\.sh)/g)) visit(path)
    // Which method's, the host finds out.
    for (const [, start = ''] of text.matchAll(/\$RUN\/(lib\/[a-z]+-)\$/g))
      for (const { name } of all) if (name.startsWith(start)) visit(name)
  }
  visit('main.sh')
  visit(`${verb}.sh`)
  return all.filter(({ name }) => used.has(name) || name.startsWith('units/'))
}

/**
 * `--pipe` hands the agent's stdout through, so the command ends with the unit. RuntimeMaxSec ends a hung program; the guard then decides.
 * The instance's name carries the shell's pid and the time: five commands may run at once on a host.
 */
function bootstrap(payload: string, seconds: number): string {
  const full =
    'bastionctl=1\\noutcome=refused\\nreason=run-folder\\ndetail=the program could not be unpacked in /run: is it full?\\n'
  const unpack =
    `cd /run/$0 && base64 -d | gzip -dc | tar -xf - && awk "/^#: /{f=\\$2;next}{print>f}" scripts && ` +
    `exec /bin/sh ./main.sh $0; printf "${full}"; exit 1`
  return [
    `n=bastionctl-run-$$-$(date +%s)`,
    `printf %s ${payload} | systemd-run --quiet --wait --pipe --collect --unit="$n" -p RuntimeDirectory="$n" -p RuntimeDirectoryMode=0700` +
      ` -p RuntimeMaxSec=${String(Math.trunc(seconds))} -p TimeoutStopSec=5 -p SendSIGKILL=yes -p UMask=0077 /bin/sh -c '${unpack}' "$n"`,
  ].join('; ')
}

async function load(): Promise<Entry[]> {
  const scripts = scriptsOf(await readdir(`${templates}host`, { recursive: true }))
  // Those with an .eta are files of a feature.
  const units = (await readdir(`${templates}etc/systemd/system`)).filter((name) => !name.endsWith('.eta'))
  const entries = await Promise.all([
    ...scripts.sort().map(async (name) => ({
      name,
      text: withoutLayout(await readFile(`${templates}host/${name}`, 'utf8')),
    })),
    ...units.sort().map(async (name) => ({
      name: `units/${name}`,
      text: await readFile(`${templates}etc/systemd/system/${name}`, 'utf8'),
    })),
  ])
  const place = ({ name }: Entry): number => neighbours.indexOf(/([^/]*)[.]sh$/.exec(name)?.[1] ?? '')
  return entries.sort((a, b) => place(a) - place(b) || a.text.length - b.text.length)
}

/** Node lists a folder's folders with the separator of its machine (\ on Windows), and hosts know one. */
export function scriptsOf(listed: readonly string[]): string[] {
  return listed.filter((name) => name.endsWith('.sh')).map((name) => name.replaceAll('\\', '/'))
}

/**
 * Deflate looks 32 KB back, so which scripts lie near each other decides how much it finds that is the same: 4 % of the command, by the best
 * of some thousand orders. What is not in it goes first, the shortest before the others.
 */
const neighbours = (
  'drift state guard answer env seal main steps change confirm sunset sshd prove login factor-totp rehearse sshd-args sshd-reads offers ' +
  'cases proxy view people factors roster-check roster-apply roster-accounts keys keys-edit fitness-totp target packages files roster-undo roster-accounts-undo roster arm accounts restore databases'
).split(' ')

/** A line `#: NAME` in front of each: no other one begins like that. A header of tar for each of them would be a fifteenth of the command. */
function inOne(scripts: readonly Entry[]): string {
  return scripts.map(({ name, text }) => `#: ${name}\n${text}`).join('')
}

/** Comments and indentation: a third of the scripts, and a command has 62 KB in all. They are for readers of this repository. */
function withoutLayout(script: string): string {
  return script.replace(/^ *#.*\n/gm, '').replace(/^ +/gm, '')
}

/** A gzip'd tar with nothing in it that changes from run to run but the content. */
async function archive(entries: readonly Entry[]): Promise<Buffer> {
  const tar = pack()
  // Where the host puts the libraries of the one entry with all scripts.
  tar.entry({ name: 'lib', type: 'directory', mode: 0o700, mtime: new Date(0), uid: 0, gid: 0 })
  for (const { name, text } of entries) tar.entry({ name, mode: 0o600, mtime: new Date(0), uid: 0, gid: 0 }, text)
  tar.finalize()
  return gzipSync(await collect(tar), { level: 9, memLevel: 9 })
}
