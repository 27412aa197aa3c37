import { expect } from 'chai'
import type { Facts } from '../../../src/domain/facts.js'
import { secretStores, type MfaPolicy, type TotpSettings } from '../../../src/domain/policy.js'
import { draft } from '../../../src/features/index.js'
import { readPam } from '../../../src/render/pam.js'
import { admin, policy, stockFacts, type Distro } from '../facts.js'

const enrolled = { accounts: [{ ...admin, enrolled: true }] }
const made = (more: Partial<MfaPolicy>, facts: Facts = stockFacts('debian-12', enrolled)) => draft(policy(more), facts)
const stack = (more: Partial<MfaPolicy>, facts?: Facts) =>
  readPam(made(more, facts).files.find(({ path }) => path === '/etc/pam.d/bastionctl-mfa')?.content ?? '', 'x').map(
    ({ text }) => text,
  )
const script = (totp: Partial<TotpSettings>) =>
  made({ totp: { ...policy().totp, ...totp } }).files.find(({ path }) => path.startsWith('/etc/profile.d'))?.content ??
  ''

describe('totp', () => {
  it('lockout 30: lets the un-enrolled succeed, where enrolment comes at the first login', () => {
    expect(stack({})).to.deep.equal(['auth required pam_google_authenticator.so nullok', 'auth required pam_permit.so'])
  })

  it('asks everybody where enrolment is required', () => {
    expect(stack({ enrol: 'required' })).to.deep.equal(['auth required pam_google_authenticator.so'])
    expect(made({ enrol: 'required' }).files.find(({ path }) => path.startsWith('/etc/profile.d'))?.content).to.equal(
      null,
    )
  })

  it('lockout 31: uses only options that the builds of 2019 know', () => {
    const known = /^(?:nullok|secret=.*|user=.*)$/
    for (const secretStore of secretStores) {
      const [line = ''] = stack({ enrol: 'required' }, stockFacts('rhel-9', { ...enrolled, secretStore }))
      for (const option of line.split(' ').slice(3)) expect(option).to.match(known)
    }
  })

  it('lockout 29: keeps factors where SELinux lets sshd write', () => {
    const facts = stockFacts('rhel-9', { ...enrolled, selinux: 'enforcing', secretStore: 'root' })
    expect(stack({ enrol: 'required' }, facts)).to.deep.equal([
      'auth required pam_google_authenticator.so secret=/var/lib/google-authenticator/${USER} user=root',
    ])
    expect(made({ enrol: 'required' }, facts).factor).to.equal('/var/lib/google-authenticator/%u')
    expect(made({}).factor).to.equal('%h/.google_authenticator')
    expect(made({}, facts).notes).to.include('second factors are kept by root, since SELinux is enforcing')
    expect(made({ secretStore: 'home' }, facts).notes.join()).to.include('SELinux is enforcing: the module may be kept')
    expect(draft(policy({ action: 'disable' }), facts).factor).to.equal('/var/lib/google-authenticator/%u')
  })

  for (const distro of ['debian-12', 'ubuntu-24.04', 'rhel-9', 'amazon-2023'] as Distro[]) {
    it(`lockout 32: ${distro}: names the package that brings the module, and its source`, () => {
      const { packages, notes } = made({ enrol: 'required' }, stockFacts(distro, enrolled))
      expect(packages[0]).to.have.property('module', 'pam_google_authenticator.so')
      expect(notes[0]).to.match(/^installs (?:lib|google)/)
      const there = stockFacts(distro, { ...enrolled, pamModules: ['pam_google_authenticator.so'] })
      expect(made({ enrol: 'required' }, there).notes.join()).not.to.contain('installs')
    })
  }

  it('hands the settings to the tool', () => {
    expect(script({})).to.contain(' -t -d -f -r 3 -R 30 -w 3 ')
    expect(script({ allowReuse: true, window: 17, rateLimit: { attempts: 5, seconds: 60 } })).to.contain(
      ' -t -D -f -r 5 -R 60 -w 17 ',
    )
  })

  for (const [what, totp] of [
    ['window 0', { window: 0 }],
    ['window 22', { window: 22 }],
    ['window 1.5', { window: 1.5 }],
    ['attempts 11', { rateLimit: { attempts: 11, seconds: 30 } }],
    ['seconds 10', { rateLimit: { attempts: 3, seconds: 10 } }],
  ] as const) {
    it(`${what}: refused, since the tool would exit and end every first session`, () => {
      expect(() => script(totp))
        .to.throw('is out of range')
        .with.property('exit', 'usage')
    })
  }

  it('another method is unknown', () => {
    expect(() => made({ method: 'topt' }))
      .to.throw('unknown method "topt"')
      .with.property('exit', 'usage')
  })

  it('an unsupported host is unfit', () => {
    expect(() =>
      made({}, { ...stockFacts(), os: { id: 'amzn', versionId: '2', idLike: [], prettyName: 'Amazon Linux 2' } }),
    )
      .to.throw('past its end')
      .with.property('exit', 'host-unfit')
  })
})
