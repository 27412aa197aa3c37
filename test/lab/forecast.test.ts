/** What `who` and the plan say of people whose way in is an odd one, beside what they then meet on real hosts. */
import { expect } from 'chai'
import {
  addPerson,
  admin,
  bastionctl,
  type Finished,
  fresh,
  login,
  must,
  type Person,
  sampled,
  useLab,
} from './harness.js'
import { onHosts } from './support/everywhere.js'
import { only, succeeded } from './support/operator.js'

const hosts = sampled('deb11', 'deb13')
const { everywhere, onAll } = onHosts(hosts)
const password = 'correct horse'

describe('people with an odd way in', function () {
  this.timeout('4m')
  useLab(hosts.map((name) => ({ name, factor: true })))

  beforeEach(() => fresh(...hosts))

  const harden = (host: string, ...flags: string[]): Promise<Finished> =>
    bastionctl('harden', ...only(host), '--level', 'baseline', ...flags)
  const apply = (host: string, confirm: 'auto' | 'later', ...flags: string[]): Promise<Finished> =>
    harden(host, '--yes', '--confirm', confirm, '--safety-session', 'none', ...flags)
  const who = async (host: string): Promise<string> => succeeded(await bastionctl('who', ...only(host)))
  const configure = (host: string, ...lines: string[]): Promise<string> =>
    must(host, 'cat >/etc/ssh/sshd_config.d/60-theirs.conf && systemctl restart ssh', `${lines.join('\n')}\n`)

  describe('who have to answer more than their key', () => {
    let carl: Person
    beforeEach(async () => {
      carl = await addPerson(hosts, 'carl')
      await onAll(async (host) => {
        await must(host, `printf '%s\\n' 'carl:${password}' 'admin:${password}' | chpasswd`)
      })
    })

    everywhere('get in, are named where a level takes that away, and stay where it does not', async (host) => {
      await configure(host, 'Match User carl', 'AuthenticationMethods publickey,password')
      expect(await login(host, carl, { answer: password })).to.include({ in: true })
      expect(await who(host)).to.match(/^carl +ed25519 SHA256:\S+ carl +by key and password +all$/m)

      const lost = await apply(host, 'auto')
      expect(lost.stderr).to.match(/"carl" would be locked out: loses ed25519 \S+ carl \(PasswordAuthentication no\)/)
      expect(lost.exitCode).to.equal(7)
      const forecast = await harden(host, '--dry-run', '--accept-lockout', 'carl')
      expect(succeeded(forecast))
        .to.match(/carl +ed25519 SHA256:\S+ carl +in → out +PasswordAuthentication no/)
        .and.match(/; no longer: carl SHA256:/)
        .and.not.match(/against the table/)

      const kept = await apply(host, 'auto', '--leave', 'PasswordAuthentication')
      expect(succeeded(kept)).to.match(/note: carl: not rehearsed, since it gets in by key and password/)
      expect(await login(host, carl, { answer: password })).to.include({ in: true })
      expect(await login(host, admin())).to.include({ in: true })
    })

    everywhere('count as administrators where everybody has to, and decide themselves', async (host) => {
      const asked = ['KbdInteractiveAuthentication', ...(host === 'deb11' ? ['ChallengeResponseAuthentication'] : [])]
      await configure(
        host,
        ...asked.map((keyword) => `${keyword} yes`),
        'AuthenticationMethods publickey,keyboard-interactive',
      )
      expect(await login(host, admin(), { answer: password })).to.include({ in: true })
      expect(await who(host)).to.match(/^admin \(sudo\) +ed25519 \S+ \S+ +by key and keyboard-interactive +all$/m)

      const lost = await apply(host, 'later')
      expect(lost.stderr).to.match(/admin loses ed25519 .* \(KbdInteractiveAuthentication no\)/)
      expect(lost.exitCode).to.equal(7)
      const leave = asked.flatMap((keyword) => ['--leave', keyword])
      const auto = await apply(host, 'auto', ...leave)
      expect(auto.stderr).to.match(/so no proof can decide whether to keep the change/)
      const done = await apply(host, 'later', ...leave)
      expect(succeeded(done)).to.match(/note: admin: not rehearsed, since it gets in by key and keyboard-interactive/)
      expect(await login(host, admin(), { answer: password })).to.include({ in: true })
      succeeded(await bastionctl('confirm', ...only(host)))
      expect(await must(host, 'sshd -T | grep -ix "x11forwarding no"')).to.equal('x11forwarding no\n')
    })
  })
})
