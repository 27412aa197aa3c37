/** A person with a key, and their attempts to log in. */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { execa } from 'execa'
import { LabError, sh, ssh, sshArgs } from '../hosts/index.js'

export interface Person {
  readonly name: string
  readonly key: string
  /** Folder for what their ssh client needs. */
  readonly home: string
}

export async function makePerson(
  home: string,
  hosts: readonly string[],
  name: string,
  group?: string,
): Promise<Person> {
  const key = path.join(home, name)
  await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', key])
  const publicKey = readFileSync(`${key}.pub`, 'utf8')
  const member = group === undefined ? '' : `-G ${group}`
  const script = `${group === undefined ? '' : `groupadd -f ${group} && `}useradd -m -s /bin/bash ${member} ${name} && install -d -m 700 -o ${name} -g ${name} /home/${name}/.ssh &&
    cat >/home/${name}/.ssh/authorized_keys && chown ${name}: /home/${name}/.ssh/authorized_keys`
  for (const host of hosts) {
    const { exitCode, stderr } = await sh(host, script, { input: publicKey })
    if (exitCode !== 0) throw new LabError(`no account "${name}" on ${host}: ${stderr.trim()}`)
  }
  return { name, key, home }
}

/** OpenSSH 9.8+ punishes addresses whose logins fail: each attempt comes from another of the machine's. */
let from = 0
const next = (): number => 1 + (from++ % 8)

/** Nobody is there to answer (BatchMode); people have a terminal, programs have none. */
export async function keyAlone(host: string, person: Person, terminal = true): Promise<boolean> {
  const { exitCode } = await ssh(
    host,
    { user: person.name, key: person.key, from: next(), args: terminal ? ['-tt'] : [] },
    'true',
  )
  return exitCode === 0
}

export async function keyAndCode(host: string, person: Person, code: string): Promise<boolean> {
  const askpass = path.join(person.home, 'askpass')
  writeFileSync(askpass, `#!/bin/sh\necho ${code}\n`, { mode: 0o700 })
  const args = sshArgs(host, {
    user: person.name,
    key: person.key,
    from: next(),
    interactive: true,
    args: ['-o', 'NumberOfPasswordPrompts=1'],
  })
  const env = { ...process.env, SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: 'force', DISPLAY: 'none:0' }
  const { exitCode } = await execa('ssh', [...args, 'true'], { env, reject: false, stdin: 'ignore', timeout: 30_000 })
  return exitCode === 0
}
