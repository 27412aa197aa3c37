/** G6: whatever a run leaves anywhere is searched for the secrets of the people on the hosts. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { readState } from '../../lab/hosts/index.js'
import {
  addPerson,
  admin,
  bastionctl,
  enrol,
  must,
  operatorEnv,
  type Person,
  safetyFlags,
  sampled,
  useLab,
} from './harness.js'
import { everSent, payloads } from './support/endpoint.js'
import { onHosts } from './support/everywhere.js'
import { places, watched, watchProcesses } from './support/leaks.js'
import { savedPlan } from './support/operator.js'

const hosts = sampled('deb11')
const { everywhere, onAll } = onHosts(hosts)
const all = ['--tag', 'Role=bastion'] as const
/** Other factors' files, as they lie on hosts that have them. */
const duo = 'duo-secret-key-of-forty-characters-012345'
const radius = 'radius-shared-secret-6789'

describe('secrets', function () {
  this.timeout('4m')
  useLab(hosts.map((name) => ({ name, factor: true })))

  /** What must be nowhere, by what it is; a host's own beside those of everybody. */
  const secrets = new Map<string, Map<string, string>>()
  /** What was found where people look: by name. */
  const seen = new Map<string, string>()
  const processes = new Map<string, string>()

  /** Line by line, without those that everybody may know. */
  function ofKey(file: string): [string, string][] {
    const lines = readFileSync(file, 'utf8').split('\n')
    return lines
      .filter((line) => line.length > 20 && !line.startsWith('-----'))
      .map((line, at) => [`${path.basename(file)}:${String(at)}`, line])
  }

  async function ofHost(host: string, people: readonly Person[]): Promise<[string, string][]> {
    const found: [string, string][] = []
    for (const { name } of people) {
      const lines = (await must(host, `cat /home/${name}/.google_authenticator`))
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('"'))
      found.push(
        ...lines.map((line, at): [string, string] => [`${name}'s ${at === 0 ? 'TOTP secret' : 'scratch code'}`, line]),
      )
    }
    const keys = (await must(host, 'cat /etc/ssh/ssh_host_*_key; getent shadow ann | cut -d: -f2'))
      .split('\n')
      .filter((line) => line.length > 20 && !line.startsWith('-----'))
    return [
      ...found,
      ...keys.map((line, at): [string, string] => [`host key or hash, line ${String(at)}`, line]),
      ['Duo key', duo],
      ['RADIUS secret', radius],
    ]
  }

  async function run(...args: readonly string[]): Promise<void> {
    const done = await bastionctl(...args)
    const name = args.join(' ')
    expect(done.exitCode, `${name}\n${done.stdout}\n${done.stderr}`).to.equal(0)
    seen.set(name, `${done.stdout}\n${done.stderr}`)
  }

  function leaks(text: string, ...of: readonly string[]): string[] {
    const wanted = of.flatMap((host) => [...(secrets.get(host) ?? [])])
    return wanted.flatMap(([what, secret]) => (text.includes(secret) ? [what] : []))
  }

  before(async function () {
    this.timeout('15m')
    const ann = await addPerson(hosts, 'ann')
    const people = [ann, admin()]
    await onAll(async (host) => {
      await must(host, "echo 'ann:a-password-that-nobody-reads' | chpasswd")
      for (const person of people) await enrol(host, person)
      await must(
        host,
        `mkdir -p /etc/security; printf '[duo]\\nskey=${duo}\\n' >/etc/security/pam_duo.conf; printf '127.0.0.1 ${radius} 3\\n' >/etc/pam_radius_auth.conf; chmod 600 /etc/security/pam_duo.conf /etc/pam_radius_auth.conf`,
      )
      secrets.set(host, new Map([...(await ofHost(host, people)), ...ofKey(ann.key), ...ofKey(readState().sshKey)]))
      await watchProcesses(host)
    })
    const accept = ['--accept-lockout', 'ann', '--accept-lockout', 'admin'] as const
    seen.set('plan', readFileSync(await savedPlan({}, hosts, ...accept), 'utf8'))
    await run('enable-mfa', ...all, ...accept, '--dry-run', '--rehearse', '--verbose')
    await run('enable-mfa', ...all, ...accept, '--yes', '--confirm', 'later', '--verbose', ...safetyFlags())
    await run('status', ...all)
    await run('rollback', '--verbose')
    await run('enable-mfa', ...all, ...accept, '--yes', '--confirm', 'auto', '--json', ...safetyFlags())
    await run('status', ...all, '--json')
    await run('hosts', ...all, '--json')
    await run('history', ...all, '--json')
    await run('disable-mfa', ...all, '--yes', '--confirm', 'auto', '--verbose', '--safety-session', 'none')
    await run('history', ...all)
    await onAll(async (host) => {
      processes.set(host, await watched(host))
    })
  })

  it('are known to this test', () => {
    for (const host of hosts) {
      const known = [...(secrets.get(host)?.keys() ?? [])]
      expect(known).to.include.members(["ann's TOTP secret", "ann's scratch code", "admin's TOTP secret", 'Duo key'])
      expect(known.filter((what) => what.startsWith('host key'))).to.not.have.length(0)
      expect(known.filter((what) => what.startsWith('key-ann:'))).to.not.have.length(0)
      expect(leaks([...(secrets.get(host)?.values() ?? [])].join('\n'), host)).to.have.length(known.length)
    }
  })

  it('are in no parameter that was ever sent, nor in anything else that was asked of AWS', async () => {
    const sent = await everSent()
    expect(sent.filter((raw) => raw.includes('SendCommand'))).to.not.have.length(0)
    const opened = sent.map((raw) => `${raw}\n${payloads(raw)}`)
    expect(opened.join('\n')).to.contain('bastionctl-mfa')
    expect(leaks(opened.join('\n'), ...hosts)).to.deep.equal([])
  })

  it('are in no output and no plan, verbose or JSON', () => {
    for (const [what, text] of seen) expect(leaks(text, ...hosts), what).to.deep.equal([])
  })

  it('are in no record of a run', () => {
    const folder = path.join(operatorEnv().XDG_DATA_HOME ?? '', 'bastionctl', 'runs')
    const records = readdirSync(folder)
    expect(records).to.have.length(3)
    for (const name of records)
      expect(leaks(readFileSync(path.join(folder, name), 'utf8'), ...hosts), name).to.deep.equal([])
  })

  everywhere("are in no record of a change on the host, its journal, its logs or the agent's folder", async (host) => {
    for (const [what, text] of Object.entries(await places(host))) {
      if (what !== 'temporary') expect(text.length, what).to.be.above(1000)
      expect(leaks(text, host), what).to.deep.equal([])
    }
  })

  everywhere('are in no command line and no environment of any process', async (host) => {
    const text = processes.get(host) ?? ''
    expect(text).to.contain('bastionctl-run-').and.contain('systemd')
    expect(leaks(text, host)).to.deep.equal([])
  })
})
