/** Factors that are there and that the module refuses, and with them their owners: worse than none where people may enrol at their first login. */
import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { URI } from 'otpauth'
import { addPerson, bastionctl, code, enable, enrol, generations, login, must, type Person, useLab } from './harness.js'
import { everywhere, onAll } from './support/everywhere.js'
import { parsed, succeeded, tagged, unattended } from './support/operator.js'

/** What happens to a good file of each, and what is said of it. */
const unfit = {
  blank: { spoil: (file: string) => `: >${file}`, said: 'an empty file' },
  lax: { spoil: (file: string) => `chmod 0644 ${file}`, said: 'open to others than its owner' },
  owned: { spoil: (file: string) => `chown root: ${file}`, said: "somebody else's file" },
  torn: {
    spoil: (file: string) => `sed -i '1s/.*/not a secret!/' ${file}`,
    said: 'without a secret in its first line',
  },
} as const
const names = Object.keys(unfit) as (keyof typeof unfit)[]
const fileOf = (name: string): string => `/home/${name}/.google_authenticator`

describe('factors that the module refuses', function () {
  this.timeout('3m')
  useLab()

  const people = new Map<string, Person>()
  const secrets = new Map<string, string>()

  before(async () => {
    await must('deb12', 'apt-get -q update && apt-get -qy install libpam-google-authenticator')
    for (const name of [...names, 'sound']) people.set(name, await addPerson(generations, name))
    await onAll(async (host) => {
      for (const [name, person] of people) secrets.set(`${host} ${name}`, await enrol(host, person))
      for (const name of names) await must(host, unfit[name].spoil(fileOf(name)))
    })
  })

  it('are named by the plan with what is wrong, and their owners have to be accepted as locked out', async () => {
    const { exitCode, stderr } = await bastionctl('enable-mfa', ...tagged, '--dry-run')
    for (const host of generations)
      for (const name of names)
        expect(stderr).to.match(
          new RegExp(`${host}.*"${name}" would be locked out: its second factor is refused: ${unfit[name].said}`),
        )
    expect(stderr).to.not.match(/"(?:sound|admin)" would/)
    expect(exitCode).to.equal(7)
  })

  it('make no administrator of the one who has such a file', async () => {
    await onAll((host) =>
      must(host, `install -o admin -g admin -m 0600 /dev/null ${fileOf('admin')}`).then(() => undefined),
    )
    const accepted = [...names, 'admin'].flatMap((name) => ['--accept-lockout', name])
    const { exitCode, stderr } = await bastionctl('enable-mfa', ...tagged, '--dry-run', ...accepted)
    expect(stderr).to.match(/no administrator could log in: admin: its second factor is refused: an empty file/)
    expect(exitCode).to.equal(7)
    await onAll((host) => must(host, `rm ${fileOf('admin')}`).then(() => undefined))
  })

  it('are left as they are once that is accepted', async () => {
    const before = await Promise.all(
      generations.map((host) => must(host, 'stat -c %n%a%u%Y /home/*/.google_authenticator')),
    )
    await enable(...names.flatMap((name) => ['--accept-lockout', name]))
    expect(
      await Promise.all(generations.map((host) => must(host, 'stat -c %n%a%u%Y /home/*/.google_authenticator'))),
    ).to.deep.equal(before)
  })

  everywhere('let nobody in by the right code, as was said, and a sound one does', async (host) => {
    for (const [name, person] of people) {
      const answer = code(secrets.get(`${host} ${name}`) ?? '')
      expect(await login(host, person, { answer }), name).to.include({ in: name === 'sound' })
      expect(await login(host, person), name).to.include({ in: false })
    }
  })

  it("are told by status and who, and are nobody's enrolment", async () => {
    const { hosts } = parsed('status', await bastionctl('status', ...tagged, '--json'))
    for (const { mfa } of hosts) {
      expect(mfa?.enrolled).to.deep.equal(['sound'])
      expect(mfa?.refused?.map(({ account, reason }) => `${account}: ${reason}`)).to.have.members(
        names.map((name) => `${name}: its second factor is refused: ${unfit[name].said}`),
      )
    }
    const { stdout } = await bastionctl('who', ...tagged)
    for (const name of names)
      expect(stdout).to.match(new RegExp(`^ *${name} .* no +.*its second factor is refused`, 'm'))
  })

  it('are taken away by reset-mfa, and enrolment comes next', async () => {
    const change = ['reset-mfa', 'torn', '--reason', 'torn file', '--factor', 'first-login']
    succeeded(await bastionctl(...change, ...tagged, ...unattended))
    await onAll(async (host) => {
      expect(await must(host, `ls ${fileOf('torn')} 2>&1 || true`)).to.contain('No such file')
      expect(await login(host, people.get('torn') as Person, { answer: 'anything' })).to.include({ in: true })
    })
  })

  it('make room for a new one where they cannot be kept as files, and come back with a roll back', async () => {
    const odd = ['owned', 'lax'] as const
    await onAll((host) => must(host, `rm ${fileOf('lax')} && mkdir ${fileOf('lax')}`).then(() => undefined))
    const seen = () =>
      Promise.all(
        generations.map((host) =>
          must(host, odd.map((name) => `stat -c '%n %F %U %a %i' ${fileOf(name)}*`).join('; ')),
        ),
      )
    const was = await seen()
    for (const name of odd) {
      const person = people.get(name) as Person
      const uri = `${person.key}.uri`
      const change = ['reset-mfa', name, '--reason', 'odd file', '--uri', uri]
      expect(succeeded(await bastionctl(...change, ...tagged, ...unattended))).to.match(
        new RegExp(`${fileOf(name)} could not be kept as a file, and is ${fileOf(name)}\\.bastionctl-\\S+ now`),
      )
      const { secret } = URI.parse(readFileSync(uri, 'utf8').split('\n')[0] ?? '')
      await onAll(async (host) => {
        expect(await login(host, person, { answer: code(secret.base32) }), name).to.include({ in: true })
      })
    }
    for (const _ of odd) succeeded(await bastionctl('rollback', ...tagged, '--yes'))
    expect(await seen()).to.deep.equal(was)
  })
})
