/** A first login on a terminal: reads what the host shows, as the person's phone would, and types the code. */
import { spawn } from 'node:child_process'
import { Secret, TOTP } from 'otpauth'
import { LabError, sshArgs } from '../hosts/index.js'
import type { Person } from './people.js'
import { tell } from './tell.js'

/** Seconds that the whole conversation may take. */
const patience = 60

/** Returns what an authenticator app would show from then on; waits for a code that was not used yet. */
export async function enrolOnTerminal(host: string, person: Person): Promise<() => Promise<string>> {
  const terminal = spawn('ssh', ['-tt', ...sshArgs(host, { user: person.name, key: person.key, interactive: true })], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const timer = setTimeout(() => terminal.kill('SIGKILL'), patience * 1000)
  let seen = ''
  let totp: TOTP | undefined
  let used = ''
  terminal.stdout.on('data', (chunk: Buffer) => {
    seen += chunk.toString('utf8')
    const secret = /secret key is: ([A-Z2-7]+)/.exec(seen)?.[1]
    if (secret !== undefined && totp === undefined && /Enter code/i.test(seen)) {
      totp = new TOTP({ secret: Secret.fromBase32(secret) })
      used = totp.generate()
      terminal.stdin.write(`${used}\n`)
    }
    if (/Done\. From your next login/.test(seen)) terminal.stdin.end('exit\n')
  })
  await new Promise((resolve) => terminal.once('close', resolve))
  clearTimeout(timer)
  const app = totp
  if (!app || !seen.includes('Done.'))
    throw new LabError(`the enrolment on ${host} did not finish: ${seen.slice(-300)}`)
  show(seen)
  return async () => {
    while (app.generate() === used) await new Promise((resolve) => setTimeout(resolve, 500))
    return app.generate()
  }
}

/** The QR code as the terminal shows it, and what was said around it; the secret itself is not repeated. */
function show(seen: string): void {
  const lines = seen.replace(/\r/g, '').split('\n')
  const first = lines.findIndex((line) => line.includes('second factor'))
  for (const line of lines.slice(first)) {
    if (/secret key|otpauth|https?:|scratch codes|^ {2}\d{8}|Warning: pasting/.test(line) || line.trim() === '')
      continue
    tell(`  ${line}`)
    if (line.includes('Done.')) break
  }
}
