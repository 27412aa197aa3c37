import { expect } from 'chai'

import type { SafetySession } from '../../../src/engine/ports.js'
import { sshSessions, type SshSettings } from '../../../src/fleet/ssh/index.js'
import { refusal } from '../../fakes/refusal.js'
import { setEnvironment } from '../lab-endpoint.js'
import { fakeSsh, type FakeSsh } from './fake-ssh.js'

const host = { id: 'i-0000000000000000a', name: 'bastion-1', address: '192.0.2.7' }
const none: SshSettings = { options: [] }

describe('safety session', () => {
  let ssh: FakeSsh
  let opened: SafetySession | undefined

  beforeEach(() => {
    ssh = fakeSsh()
    opened = undefined
  })

  afterEach(async () => {
    await opened?.close()
    ssh.remove()
  })

  const open = async (
    settings = none,
    target: Parameters<ReturnType<typeof sshSessions>['open']>[0] = host,
  ): Promise<SafetySession> => (opened = await sshSessions(settings, false).open(target))
  const refused = async (
    settings = none,
    target: typeof host | { id: string; name: string } = host,
  ): Promise<string> => {
    const error = await refusal(() => open(settings, target))
    expect(error.exit).to.equal('safety-session')
    expect(error.hint).to.be.a('string')
    return error.message
  }

  it('opens, answers again and again, and leaves nothing behind', async () => {
    const session = await open()
    expect(session.host).to.equal(host.id)
    await session.check()
    await Promise.all([session.check(), session.check()])
    expect(ssh.running()).to.equal(true)
    await session.close()
    expect(ssh.running()).to.equal(false)
    await session.close()
  })

  it("calls ssh with its options first, then the operator's, then the defaults", async () => {
    await open({ user: 'admin', options: ['ProxyJump=gate', 'ConnectTimeout=3'] })
    const argv = ssh.argv()
    expect(argv.slice(0, 2)).to.deep.equal(['-T', '-F'])
    expect(argv.slice(3, 7)).to.deep.equal(['-o', 'ControlMaster=no', '-o', 'ControlPath=none'])
    expect(argv.indexOf('ConnectTimeout=3')).to.be.below(argv.indexOf('ConnectTimeout=10'))
    expect(argv).to.include('BatchMode=yes').and.include('ProxyJump=gate')
    expect(argv.slice(-5, -1)).to.deep.equal(['-l', 'admin', '--', '192.0.2.7'])
  })

  it('leaves no agent and no display on the host, unless it is told to', async () => {
    await open({ options: ['ForwardAgent=yes'] })
    const argv = ssh.argv()
    expect(argv).to.include('ForwardX11=no')
    expect(argv.indexOf('ForwardAgent=yes')).to.be.within(0, argv.indexOf('ForwardAgent=no'))
  })

  it('lets ssh ask where there is a terminal', async () => {
    opened = await sshSessions(none, true).open(host)
    expect(ssh.argv().join(' ')).to.not.include('BatchMode')
  })

  it('takes another address when told to', async () => {
    await open({ options: [], host: 'gate-to-bastion' }, { id: host.id, name: host.name })
    expect(ssh.argv().at(-2)).to.equal('gate-to-bastion')
  })

  it('is not confused by what a login prints', async () => {
    ssh.before('echo welcome; echo "to the machine" >&2')
    await (await open()).check()
  })

  it('refuses a host without an address', async () => {
    expect(await refused(none, { id: host.id, name: host.name })).to.match(
      /^no safety session with bastion-1 \(i-0{16}a\): it has no address$/,
    )
  })

  for (const address of ['-oProxyCommand=id', 'fe80::1%eth0', '$(id)', 'a b', '`id`', '']) {
    it(`refuses the address ${JSON.stringify(address)}`, async () => {
      expect(await refused({ options: [], host: address })).to.match(/cannot be given to ssh/)
    })
  }

  it('refuses a user that is an option', async () => {
    expect(await refused({ options: [], user: '-oProxyCommand=id' })).to.match(
      /--ssh-user "-oProxyCommand=id" cannot be given to ssh/,
    )
  })

  const failures: [string, string, RegExp][] = [
    [
      'a refused key',
      'echo "admin@192.0.2.7: Permission denied (publickey)." >&2; exit 255',
      /: admin@192\.0\.2\.7: Permission denied \(publickey\)\.$/,
    ],
    ['a changed host key', 'echo "Host key verification failed." >&2; exit 255', /Host key verification failed/],
    [
      'a timeout',
      'echo "ssh: connect to host 192.0.2.7 port 22: Connection timed out" >&2; exit 255',
      /Connection timed out/,
    ],
    ['last words it does not know', 'echo "it rains" >&2; exit 255', /: it rains$/],
    ['no escape sequence', "printf 'rain \\033[31m red\\a\\n' >&2; exit 255", /: rain {2}\[31m red$/],
    ['no words at all', 'exit 255', /: ssh ended with 255$/],
  ]
  for (const [what, shell, message] of failures) {
    it(`passes on ${what}`, async () => {
      ssh.before(shell)
      expect(await refused()).to.match(message)
    })
  }

  it('refuses an account that cannot become root', async () => {
    ssh.sudo(false)
    expect(await refused()).to.match(/ssh gets in, but "sudo -n true" fails: sudo: a password is required$/)
    expect(ssh.running()).to.equal(false)
  })

  it('outlives a Ctrl-C', async () => {
    const session = await open()
    ssh.interrupt()
    await session.check()
  })

  it('says that there is no ssh', async () => {
    ssh.uninstall()
    const restore = setEnvironment({ PATH: ssh.folder })
    const message = await refused().finally(restore)
    expect(message).to.match(/there is no ssh program/)
  })

  it('notices at the next check that root is gone', async () => {
    const session = await open()
    ssh.sudo(false)
    const error = await refusal(() => session.check())
    expect(error.message).to.match(/is lost: it is open, but "sudo -n true" fails in it now$/)
    ssh.sudo(true)
    await session.check()
  })

  it('notices at the next check that the connection is gone', async () => {
    ssh.before('{ sleep 0.3; echo "Connection to 192.0.2.7 closed by remote host." >&2; kill $$; } &')
    const session = await open()
    await new Promise((resolve) => setTimeout(resolve, 500))
    const error = await refusal(() => session.check())
    expect(error.exit).to.equal('safety-session')
    expect(error.message).to.match(
      /the safety session with bastion-1 \(i-0{16}a\) is lost: Connection to 192\.0\.2\.7 closed by remote host\.$/,
    )
  })

  it('does not wait for a host that no longer answers', async () => {
    ssh.before('trap "" TERM; for last; do :; done; echo "bastionctl-session ready"; sleep 9; exit')
    const session = await open()
    const start = Date.now()
    const error = await refusal(() => session.check())
    expect(error.message).to.match(/no answer within 5 seconds/)
    await session.close()
    expect(Date.now() - start).to.be.below(9_500)
    expect(ssh.running()).to.equal(false)
  }).timeout(15_000)
})
