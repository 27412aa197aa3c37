/**
 * PAM's stack of the factor succeeds for whoever is not enrolled yet, and sshd is to ask for a key in front of it. An sshd that takes passwords
 * and does not know of the factor, for a moment of the change, after an edit by others, or at another port, takes none by it.
 */
import { expect } from 'chai'
import {
  addPerson,
  admin,
  bastionctl,
  code,
  enrol,
  fresh,
  generations,
  login,
  must,
  type Person,
  until,
  useLab,
} from './harness.js'
import { holdAtProof, letGo, untilHeld } from './support/faults.js'
import { onHosts } from './support/everywhere.js'
import { only, startAs, tagged, unattended } from './support/operator.js'

const { onAll } = onHosts(generations)
const operator = { machine: 'admin-laptop' }
const keyless = ['-o', 'PubkeyAuthentication=no', '-o', 'PreferredAuthentications=password,keyboard-interactive']
const asked = ['--accept-lockout', 'admin'] as const

describe('an sshd that takes passwords', function () {
  this.timeout('3m')
  useLab(generations.map((name) => ({ name, factor: true })))

  const own = '/etc/ssh/sshd_config.d/50-passwords.conf'
  const withPasswords = async (host: string): Promise<void> => {
    await must(
      host,
      `printf 'PasswordAuthentication yes\\nPermitRootLogin yes\\n' >${own} && systemctl reload ssh.service`,
    )
  }
  before(async () => {
    await fresh(...generations)
    await onAll(withPasswords)
  })

  /** Whoever gets in by any password, of these. */
  async function anyPassword(host: string, port = '22', ...people: readonly Person[]): Promise<string[]> {
    const args = [...keyless, '-p', port]
    const tried = [admin(), { ...admin(), name: 'root' }, ...people]
    const tries = await Promise.all(tried.map((person) => login(host, person, { answer: 'anything', args })))
    return tried.filter((_, at) => tries[at]?.in).map(({ name }) => name)
  }
  /** As before the change, with PAM's files as they are. */
  const forget = 'mv /etc/ssh/sshd_config.d/00-bastionctl-mfa.conf /srv/ && systemctl reload ssh.service && sleep 0.5'
  const remember = 'mv /srv/00-bastionctl-mfa.conf /etc/ssh/sshd_config.d/ && systemctl reload ssh.service'

  it('takes none while PAM asks for the factor already and it has not read its files yet', async () => {
    const host = generations[1]
    await holdAtProof(host)
    const run = startAs(operator, 'enable-mfa', ...only(host), ...asked, ...unattended)
    try {
      await untilHeld(host)
      await must(host, forget)
      expect(await anyPassword(host)).to.deep.equal([])
      expect((await login(host, admin())).in).to.equal(true)
      await must(host, remember)
    } finally {
      await letGo(host)
    }
    expect((await run).exitCode).to.equal(0)
  })

  for (const [what, flags] of [
    ['first login', []],
    ['required', ['--enrol', 'required']],
  ] as const)
    it(`takes none, nor a code without a key, where somebody has taken its files away (${what})`, async () => {
      const ann = await addPerson(generations, 'ann')
      const enrolled = flags.length === 0 ? ann : admin()
      const secrets = new Map<string, string>()
      await onAll(async (host) => {
        secrets.set(host, await enrol(host, enrolled))
      })
      const agreed = [...asked, '--accept-lockout', 'ann']
      const done = await bastionctl('enable-mfa', ...tagged, ...agreed, ...flags, ...unattended)
      expect(done.exitCode, done.stdout + done.stderr).to.equal(0)
      await onAll(async (host) => {
        await must(host, forget)
        await until('sshd is back', 10, async () => (await login(host, ann)).in)
        expect(await anyPassword(host, '22', ann), host).to.deep.equal([])
        const answer = code(secrets.get(host) ?? '')
        expect((await login(host, enrolled, { answer, args: keyless })).in, host).to.equal(false)
        await must(host, remember)
      })
    })

  it('at another port takes none either, once --other-sshd is agreed to', async () => {
    await onAll(async (host) => {
      await must(
        host,
        `printf 'Port 2222\\nUsePAM yes\\nPasswordAuthentication yes\\nPermitRootLogin yes\\n' >/etc/ssh/second &&
          systemd-run --unit=second -p KillMode=process /usr/sbin/sshd -D -f /etc/ssh/second && until ssh-keyscan -p 2222 127.0.0.1 2>/dev/null | grep -q ssh; do sleep 0.1; done`,
      )
      expect(await anyPassword(host, '2222')).to.deep.equal([])
    })
  })
})
