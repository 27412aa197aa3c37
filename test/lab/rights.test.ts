/** Rights and jobs that others have given somebody by name: they are said when the account goes, and before it is made. */
import { expect } from 'chai'
import { fresh, login, must, sampled, specsOf, useLab } from './harness.js'
import { onHosts } from './support/everywhere.js'
import { succeeded as done } from './support/operator.js'
import { add, bobsKeys, remove, rollBack } from './support/people.js'
import { remembered } from './support/remembered.js'

const hosts = [...sampled('deb12'), 'rhel9']
const { onAll } = onHosts(hosts)

describe('rights and jobs by name', function () {
  this.timeout('2m')
  useLab(specsOf(hosts))

  const { bob, key } = bobsKeys()
  const { remember, asBefore } = remembered(hosts)
  const rule = '/etc/sudoers.d/50-theirs line 1'
  const job = '/etc/cron.d/theirs line 2'

  before(async () => {
    await fresh(...hosts)
    done(await add('bob', '--key', key))
    await onAll((host) =>
      must(
        host,
        `echo 'bob ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/50-theirs && chmod 440 /etc/sudoers.d/50-theirs && printf 'A=b\\n0 4 * * * bob true\\n' >/etc/cron.d/theirs`,
      ).then(() => undefined),
    )
  })

  it('are named in the plan and once more at the end, when the account goes', async () => {
    const said = done(await remove('bob'))
    for (const words of [
      `note: ${rule} stays, and makes root of whoever is named bob`,
      `note: ${job} stays, and runs a job as whoever is named bob`,
    ])
      expect(said.split(words), words).to.have.length(3)
    expect(done(await remove('bob'))).to.match(/no changes/)
  })

  it('keep a new account from being root unasked: it is refused, and nothing is written', async () => {
    await remember()
    const { exitCode, stderr } = await add('bob', '--key', key)
    expect(stderr).to.include(`"bob" would be root at once, by ${rule}`)
    expect(exitCode).to.equal(7)
    await onAll(asBefore)
  })

  it('are taken as meant with --sudo, and said', async () => {
    const said = done(await add('bob', '--key', key, '--sudo'))
    expect(said).to.include(`note: ${rule} is there already, and makes root of whoever is named bob`)
    done(await rollBack())
  })

  it('are said of a new account where they are less than root', async () => {
    await onAll((host) =>
      must(host, "echo 'bob ALL=(root) NOPASSWD: /bin/true' >/etc/sudoers.d/50-theirs").then(() => undefined),
    )
    const said = done(await add('bob', '--key', key))
    expect(said).to.include(`note: ${rule} is there already, and gives sudo for some commands to whoever is named bob`)
    await onAll(async (host) => {
      expect((await login(host, bob, { command: 'sudo -n true && ! sudo -n id' })).in).to.equal(true)
    })
  })
})
