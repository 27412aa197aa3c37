import { expect } from 'chai'
import {
  addPerson,
  bastionctl,
  enable,
  type Finished,
  generations,
  login,
  must,
  type Person,
  useLab,
} from './harness.js'
import { outputSchemas } from '../../docs/generate/output-schemas.js'
import { onAll } from './support/everywhere.js'
import { unattended } from './support/operator.js'
import { Terminal } from './support/terminal.js'

/** Programs log in without a terminal and cannot answer a code: a plan names the accounts that they use, from the host's own records. */
describe('accounts that programs use (lockout 43)', function () {
  this.timeout('3m')
  useLab()
  let ann: Person
  let robot: Person
  const dry = (...flags: string[]): Promise<Finished> =>
    bastionctl('enable-mfa', '--tag', 'Role=bastion', '--dry-run', ...flags)

  before(async () => {
    ann = await addPerson(generations, 'ann')
    robot = await addPerson(generations, 'robot', ['robots'])
    await onAll(async (host) => {
      const terminal = Terminal.login(host, ann)
      await terminal.works()
      await terminal.leave()
      expect(await login(host, robot)).to.include({ in: true })
      expect(await login(host, robot)).to.include({ in: true })
    })
  })

  it('are named on every host and refused, people at terminals are not', async () => {
    const { exitCode, stderr } = await dry()
    for (const host of generations)
      expect(stderr).to.match(
        new RegExp(
          `^.*${host} .*"robot" would be locked out where nobody can answer a code: logged in without a terminal more than once within 30 days`,
          'm',
        ),
      )
    expect(stderr).not.to.match(/"(ann|admin|root)"/)
    expect(stderr).to.match(/--exempt-group GROUP \(.*by key alone\), or agree with --accept-lockout robot$/m)
    expect(exitCode).to.equal(7)
  })

  it('go through in an exempt group', async () => {
    const { exitCode, stdout } = await dry('--exempt-group', 'robots')
    expect(stdout).not.to.match(/locked out/)
    expect(exitCode).to.equal(0)
  })

  it('go through when the operator agrees, and the plan still says so', async () => {
    const { exitCode, stdout } = await dry('--accept-lockout', 'robot')
    const [line] =
      /locked out where nobody can answer a code, accepted:\n +robot +logged in without a terminal.*/.exec(stdout) ?? []
    expect(line).to.include(`on ${generations.join(', ')}`)
    expect(exitCode).to.equal(0)
  })

  it('are told from people who used a terminal once, also after wtmp was rotated', async () => {
    await onAll(async (host) => {
      await must(
        host,
        '[ -e /var/log/wtmp.1 ] || { mv /var/log/wtmp /var/log/wtmp.1 && install -m 0664 -g utmp /dev/null /var/log/wtmp; }',
      )
    })
    const { stderr } = await dry()
    expect(stderr)
      .to.match(/"robot" would be locked out where nobody/)
      .and.not.match(/"ann"/)
  })

  it('are people too, once they log in without a terminal', async () => {
    expect(await login('deb13', ann)).to.include({ in: true })
    const { exitCode, stderr } = await dry('--exempt-group', 'robots')
    expect(stderr)
      .to.match(
        /^deb13 .*"ann" would be locked out where nobody can answer a code: logged in without a terminal (?:once|more than once)/m,
      )
      .and.not.match(/deb1[12] /)
    expect(exitCode).to.equal(7)
  })

  it('cannot be told from people where nobody keeps wtmp: the plan says so and names who it may be', async () => {
    await onAll((host) => must(host, 'rm -f /var/log/wtmp*').then(() => undefined))
    const { exitCode, stdout } = await dry()
    expect(
      stdout.match(
        /note: this host keeps no record of which logins had a terminal .* if one logs in as ann, robot, it needs an exempt group/g,
      ),
    ).to.have.length(generations.length)
    expect(exitCode).to.equal(0)
  })

  it('are not taken for rehearsals and proofs, nor for logins at all', async () => {
    const key = `${ann.key}.pub`
    const made = await bastionctl('add-user', 'newcomer', '--tag', 'Role=bastion', '--key', key, ...unattended)
    expect(made.exitCode, made.stdout + made.stderr).to.equal(0)
    await onAll(async (host) => {
      const proofs = await must(
        host,
        "journalctl -q -t sshd -t sshd-session -o cat | grep -c 'Accepted .* for newcomer'",
      )
      expect(Number(proofs)).to.be.above(0)
    })
    const plan = await dry('--accept-lockout', 'robot', '--accept-lockout', 'ann')
    expect(plan.stdout).to.match(/newcomer +not enrolled yet/)
    expect(plan.stdout + plan.stderr).not.to.match(/newcomer +logged in without|"newcomer"/)
    const listed = await bastionctl('users', '--tag', 'Role=bastion', '--json')
    const { users } = outputSchemas.users.parse(JSON.parse(listed.stdout))
    const lastLogins = (who: string) =>
      users.find(({ name }) => name === who)?.on.map(({ lastLogin }) => lastLogin !== undefined)
    expect(lastLogins('newcomer')).to.deep.equal([false, false, false])
    expect(lastLogins('robot')).to.deep.equal([true, true, true])
  })

  it("are not taken for bastionctl itself, whose safety session is no program of anybody's", async () => {
    await bastionctl('rollback', '--tag', 'Role=bastion', '--yes')
    await onAll((host) => must(host, 'install -m 0664 -g utmp /dev/null /var/log/wtmp').then(() => undefined))
    const sessions = async (): Promise<number> =>
      Number(await must('deb11', "journalctl -q -t bastionctl-session -o cat | grep -c 'safety session from' || true"))
    const before = await sessions()
    await enable('--accept-lockout', 'robot', '--accept-lockout', 'ann')
    const { exitCode, stdout } = await bastionctl(
      'disable-mfa',
      '--tag',
      'Role=bastion',
      '--yes',
      '--confirm',
      'auto',
      '--safety-session',
      'none',
    )
    expect(exitCode, stdout).to.equal(0)
    expect(await sessions()).to.equal(before + 1)
    expect((await dry()).stderr)
      .to.match(/"robot"/)
      .and.not.match(/"admin"/)
  })

  it('are read from the text of a syslog daemon where the journal is not kept over a restart, in both of its forms', async () => {
    const lines: Record<string, string> = {
      deb11: '$(LC_ALL=C date -d "-2 days" "+%b %e %H:%M:%S") deb11 sshd[4711]',
      deb12: '$(date -d "-2 days" +%Y-%m-%dT%H:%M:%S.123456%:z) deb12 sshd[4711]',
      deb13: '$(date -d "-2 days" +%Y-%m-%dT%H:%M:%S.123456%:z) deb13 sshd-session[4711]',
    }
    await onAll(async (host) => {
      await must(
        host,
        'rm -rf /var/log/journal /run/log/journal /var/log/wtmp*; systemctl restart systemd-journald; install -m 0664 -g utmp /dev/null /var/log/wtmp',
      )
      const log = host === 'deb11' ? '/var/log/secure-20260101' : '/var/log/auth.log.1'
      await must(
        host,
        `printf '%s\n' "${lines[host] ?? ''}: Accepted publickey for admin from 192.0.2.7 port 4000 ssh2: ED25519 SHA256:x" "nonsense" >${log}; ${host === 'deb12' ? `gzip -f ${log}` : 'true'}`,
      )
    })
    const { stderr } = await dry()
    for (const host of generations)
      expect(stderr)
        .to.match(
          new RegExp(`^.*${host} .*"admin" would be locked out where .* code: logged in without a terminal once`, 'm'),
        )
        .and.not.match(/"(robot|ann)"/)
    await onAll((host) => must(host, 'rm /var/log/auth.log* /var/log/secure* 2>/dev/null; true').then(() => undefined))
    const { exitCode, stdout } = await dry('--accept-lockout', 'robot', '--accept-lockout', 'ann')
    expect(stdout.match(/note: this host keeps no log over a restart/g)).to.have.length(generations.length)
    expect(exitCode).to.equal(0)
  })
})
