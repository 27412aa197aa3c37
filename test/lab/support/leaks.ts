/** Where on a host a secret could have been left, and a look at everything that runs meanwhile. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { execa } from 'execa'
import { Secret } from 'otpauth'
import { must, sh } from '../harness.js'

const processes = '/srv/processes'

/** Every command line and environment of whatever runs from now on, until `watched`. */
export async function watchProcesses(host: string): Promise<void> {
  await must(
    host,
    `systemd-run --quiet --unit=watch sh -c 'while :; do cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr "\\0" "\\n" >>${processes}; sleep 0.05; done'`,
  )
}

/** Ends the watch. @returns all that it has seen. */
export async function watched(host: string): Promise<string> {
  return bytesOf(host, `systemctl stop watch; sort -u ${processes}`)
}

/** What a script prints but NULs, a character a byte. */
async function bytesOf(host: string, script: string): Promise<string> {
  return Buffer.from(await must(host, `(${script}) | tr -d '\\0' | base64 -w 0`), 'base64').toString('latin1')
}

/** What a text has in it, a character a byte, if it has these bytes: as they are, in hex, or in base64 with whatever around them. */
function forms(bytes: Buffer): string[] {
  const base64 = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64')
    return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6))
  })
  const hex = bytes.toString('hex')
  // grep(1) goes by lines, and what is read from hosts has no NULs.
  const [plain = ''] = bytes
    .toString('latin1')
    .split(/[\0\n]/)
    .sort((one, other) => other.length - one.length)
  return [plain, hex, hex.toUpperCase(), ...base64]
}

/** A secret in base32 as the bytes that it stands for, too. */
function patterns(secrets: readonly string[]): Buffer {
  const all = secrets.flatMap((secret) => [
    ...forms(Buffer.from(secret)),
    ...(/^[A-Z2-7]{16,}$/.test(secret) ? forms(Buffer.from(Secret.fromBase32(secret).bytes)) : []),
  ])
  return Buffer.from(all.map((form) => `${form}\n`).join(''), 'latin1')
}

/** The names of the texts, a character a byte, that have one of these secrets in them, in whatever form. */
export async function leaking(
  texts: readonly (readonly [string, string])[],
  secrets: readonly string[],
): Promise<readonly string[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bastionctl-leaks-'))
  try {
    for (const [at, [, text]] of texts.entries()) writeFileSync(path.join(folder, String(at)), text, 'latin1')
    const { stdout, exitCode } = await execa('grep', ['-rlaFf', '-', '.'], {
      cwd: folder,
      input: patterns(secrets),
      env: { LC_ALL: 'C' },
      reject: false,
    })
    if (exitCode !== 0 && exitCode !== 1) throw new Error(`grep exited ${String(exitCode)}`)
    const found = stdout.split('\n').filter(Boolean)
    return found.map((file) => texts[Number(path.basename(file))]?.[0] ?? file).sort()
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Texts that have this secret in them in ways that {@link leaking} has to find. */
export function disguised(secret: string): [string, string][] {
  const bytes = [Buffer.from(secret), Buffer.from(Secret.fromBase32(secret).bytes)]
  return bytes.flatMap((one, of) =>
    ['latin1', 'hex', 'base64'].flatMap((form) =>
      ['', '.', '..'].map((before): [string, string] => {
        const text = Buffer.concat([Buffer.from(before), one, Buffer.from('.')]).toString(form as BufferEncoding)
        return [`${String(of)} ${form} ${before}`, text]
      }),
    ),
  )
}

/** What a host keeps and people read, by what it is. */
export async function places(host: string): Promise<Readonly<Record<string, string>>> {
  const scripts = {
    'record of changes': "find /var/lib/bastionctl -type f ! -path '*/people/*' -exec cat {} +",
    journal: 'journalctl -q -a -o export --no-pager',
    logs: "find /var/log -type f ! -path '*/journal/*' -exec cat {} +",
    // Scripts stay there for two weeks.
    agent: 'find /var/lib/amazon -type f -exec cat {} +',
    temporary: 'find /run /tmp /var/tmp /dev/shm -xdev -type f -size -1M -exec cat {} + 2>/dev/null; true',
  }
  const read = Object.entries(scripts).map(async ([what, script]) => [what, await bytesOf(host, script)])
  return Object.fromEntries(await Promise.all(read)) as Record<string, string>
}

/** Files anywhere on a host that have one of these secrets in them, in whatever form, less what is only there while it runs. */
export async function filesWith(host: string, secrets: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await sh(
    host,
    'base64 -d >/dev/shm/patterns; LC_ALL=C grep -rlaFf /dev/shm/patterns /boot /etc /home /opt /root /run /srv /tmp /usr/local /var /dev/shm -D skip --exclude=patterns 2>/dev/null | sort; rm /dev/shm/patterns',
    { input: patterns(secrets).toString('base64') },
  )
  return stdout.split('\n').filter(Boolean)
}

/** What of the people's records others than root could read or reach. Jobs that are set aside keep owner and mode, in folders of root's alone. */
export async function openRecords(host: string): Promise<string> {
  return must(
    host,
    "stat -c '%a %U %n' /var/lib/bastionctl /var/lib/bastionctl/changes | grep -v '^1\\?700 root'; find /var/lib/bastionctl/changes -path '*/people*' ! \\( -type f -name 'aside-*' \\) \\( ! -user root -o -perm /077 \\); true",
  )
}
