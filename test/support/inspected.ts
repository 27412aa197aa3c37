import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { collect } from '../../src/host/stream.js'
import type { FakeClock } from '../fakes/fake-clock.js'

const files = {
  'os-release': 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
  sshd: 'version=9.2p1\nunit=ssh.service\nrunning=yes\nselftest=\nstore=home\n',
}

/** The long part of an answer, behind its head: these files. */
export async function body(files: Readonly<Record<string, string>>): Promise<string> {
  const tar = pack()
  for (const [name, text] of Object.entries(files)) tar.entry({ name: `./${name}` }, text)
  tar.finalize()
  return `--\n${gzipSync(await collect(tar)).toString('base64')}\n`
}

/** What a sound host answers to an inspection, with these lines in the head and other files among its facts. */
export async function facts(
  clock: FakeClock,
  more: Readonly<Record<string, string | number>> = {},
  others: Readonly<Record<string, string>> = {},
): Promise<string> {
  const head = { bastionctl: 1, outcome: 'facts', now: Math.floor(clock.now() / 1000), facts: 'f1', body: 0, ...more }
  const lines = Object.entries(head).map(([key, value]) => `${key}=${String(value)}\n`)
  return lines.join('') + (await body({ ...files, ...others }))
}
