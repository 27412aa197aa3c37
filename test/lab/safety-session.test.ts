/** The safety session with a real ssh and a real sshd. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

import { execa } from 'execa'
import { expect } from 'chai'

import { readState, sh } from '../../lab/hosts/index.js'
import { sshSessions, type SshSettings } from '../../src/fleet/ssh/index.js'
import { refusal } from '../fakes/refusal.js'
import { must, until, useLab } from './harness.js'

describe('safety session with a lab host', function () {
  this.timeout(60_000)
  useLab([{ name: 'deb12' }])

  const options = (): string[] => [
    'IdentitiesOnly=yes',
    'IdentityAgent=none',
    'StrictHostKeyChecking=no',
    'UserKnownHostsFile=/dev/null',
    `IdentityFile=${readState().sshKey}`,
  ]
  const target = (): { id: string; name: string; address: string } => {
    const [host] = readState().hosts
    if (!host) throw new Error('the lab has no host')
    return { id: host.id, name: host.name, address: host.address }
  }
  const open = (changes: Partial<SshSettings> = {}): ReturnType<ReturnType<typeof sshSessions>['open']> =>
    sshSessions({ user: 'admin', options: options(), ...changes }, false).open(target())
  const sessionsOnHost = async (): Promise<string> =>
    (await sh('deb12', 'pgrep -cf [b]astionctl-session || true')).stdout.trim()

  it('is root over a connection of its own, outlives a Ctrl-C and leaves nothing on the host', async () => {
    const session = await open()
    await session.check()
    const { stdout } = await execa('pgrep', ['-f', `ssh .*${target().address}.*bastionctl-session`])
    for (const pid of stdout.split('\n')) process.kill(Number(pid), 'SIGINT')
    await session.check()
    expect(await sessionsOnHost()).to.not.equal('0')
    await session.close()
    // What sshd started for it may take a moment longer than the connection.
    await until('the session to be gone', 10, async () => (await sessionsOnHost()) === '0')
  })

  it('passes on what sshd and ssh say', async () => {
    const messages = [open({ user: 'nobody' }), open({ options: ['StrictHostKeyChecking=yes', ...options()] })].map(
      async (opened) => (await refusal(() => opened)).message,
    )
    expect((await Promise.all(messages)).map((text) => text.split(': ').slice(1).join(': '))).to.deep.equal([
      `nobody@${target().address}: Permission denied (publickey,password).`,
      'Host key verification failed.',
    ])
  })

  it('goes through no connection that is there already (lockout 14)', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'bastionctl-master-'))
    const shared = [
      ...options(),
      `ControlPath=${path.join(folder, 'socket')}`,
      'ControlMaster=auto',
      'ControlPersist=60',
    ]
    const through = (...args: string[]) =>
      execa(
        'ssh',
        ['-F', 'none', ...shared.flatMap((option) => ['-o', option]), ...args, `admin@${target().address}`, 'true'],
        {
          reject: false,
          stdin: 'ignore',
          stdout: 'ignore',
          stderr: 'ignore',
        },
      )
    try {
      expect(await through()).to.include({ exitCode: 0 })
      await must('deb12', 'systemctl stop ssh')
      expect(await through()).to.include({ exitCode: 0 })
      const error = await refusal(() => open({ options: shared }))
      expect(error.message).to.contain('Connection refused')
    } finally {
      await through('-O', 'exit')
      await must('deb12', 'systemctl start ssh')
      rmSync(folder, { recursive: true })
    }
    await (await open({ options: shared.slice(0, -2) })).close()
  })

  it('refuses an account that cannot become root', async () => {
    await sh(
      'deb12',
      'useradd -m plain; install -d -m 700 -o plain ~plain/.ssh; install -o plain ~admin/.ssh/authorized_keys ~plain/.ssh/',
    )
    const error = await refusal(() => open({ user: 'plain' }))
    expect(error.message).to.match(/ssh gets in, but "sudo -n true" fails: sudo: a password is required/)
  })

  it('notices that the host has ended it', async () => {
    const session = await open()
    await sh('deb12', 'pkill -KILL -u admin sshd')
    const error = await refusal(() => session.check())
    expect(error.message).to.match(/is lost: .*(closed|disconnect)/)
    await session.close()
  })
})
