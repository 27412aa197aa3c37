import { expect } from 'chai'
import type { Facts } from '../../../src/domain/facts.js'
import { secretStores, type MethodSettings, type MfaPolicy } from '../../../src/domain/policy.js'
import { draft } from '../../../src/features/index.js'
import { readPam } from '../../../src/render/pam.js'
import { admin, policy, stockFacts, type Distro } from '../facts.js'

const enrolled = { accounts: [{ ...admin, enrolled: true }] }
const made = (more: Partial<MfaPolicy>, facts: Facts = stockFacts('debian-12', enrolled)) => draft(policy(more), facts)
const stack = (more: Partial<MfaPolicy>, facts?: Facts) =>
  readPam(made(more, facts).files.find(({ path }) => path === '/etc/pam.d/bastionctl-mfa')?.content ?? '', 'x').map(
    ({ text }) => text,
  )
/** Only behind what sshd has accepted already (auth-pam.c, expose_authinfo). */
const behindKey = 'auth requisite pam_exec.so quiet /bin/sh -c [test -n "$SSH_AUTH_INFO_0"]'
const script = (settings: MethodSettings) =>
  made({ settings }).files.find(({ path }) => path.startsWith('/etc/profile.d'))?.content ?? ''

describe('totp', () => {
  it('lockout 30: lets the un-enrolled succeed, where enrolment comes at the first login', () => {
    expect(stack({})).to.deep.equal([
      behindKey,
      'auth required pam_google_authenticator.so nullok',
      'auth required pam_permit.so',
    ])
  })

  it('asks everybody where enrolment is required', () => {
    expect(stack({ enrol: 'required' })).to.deep.equal([behindKey, 'auth required pam_google_authenticator.so'])
    expect(made({ enrol: 'required' }).files.find(({ path }) => path.startsWith('/etc/profile.d'))?.content).to.equal(
      null,
    )
  })

  it('lockout 31: uses only options that the builds of 2019 know', () => {
    const known = /^(?:nullok|secret=.*|user=.*)$/
    for (const secretStore of secretStores) {
      const [, line = ''] = stack({ enrol: 'required' }, stockFacts('rhel-9', { ...enrolled, secretStore }))
      for (const option of line.split(' ').slice(3)) expect(option).to.match(known)
    }
  })

  it('lockout 29: keeps factors where SELinux lets sshd write', () => {
    const facts = stockFacts('rhel-9', { ...enrolled, selinux: 'enforcing', secretStore: 'root' })
    expect(stack({ enrol: 'required' }, facts)).to.deep.equal([
      behindKey,
      'auth required pam_google_authenticator.so secret=/var/lib/google-authenticator/${USER} user=root',
    ])
    expect(made({ enrol: 'required' }, facts).factor).to.equal('/var/lib/google-authenticator/%u')
    expect(made({}).factor).to.equal('%h/.google_authenticator')
    expect(made({}, facts).notes).to.include('second factors are kept by root, since SELinux is enforcing')
    expect(made({ secretStore: 'home' }, facts).notes.join()).to.include('SELinux is enforcing: the module may be kept')
    expect(draft(policy({ action: 'disable' }), facts).factor).to.equal('/var/lib/google-authenticator/%u')
  })

  for (const [distro, name, source] of [
    ['debian-12', 'libpam-google-authenticator', ''],
    ['ubuntu-24.04', 'libpam-google-authenticator', ' (from the universe component, which has to be enabled)'],
    ['rhel-9', 'google-authenticator', ' (from EPEL, which has to be enabled)'],
    ['amazon-2023', 'google-authenticator', ''],
  ] as [Distro, string, string][]) {
    it(`lockout 32: ${distro}: names the package that brings the module, and its source`, () => {
      const { packages, notes } = made({ enrol: 'required' }, stockFacts(distro, enrolled))
      expect(packages).to.deep.equal([{ name, module: 'pam_google_authenticator.so' }])
      expect(notes).to.include(`installs ${name}${source}`)
      const there = stockFacts(distro, { ...enrolled, pamModules: ['pam_google_authenticator.so'] })
      expect(made({ enrol: 'required' }, there).notes.join()).not.to.contain('installs')
    })
  }

  it('hands the settings to the tool', () => {
    expect(script({})).to.contain(' -t -d -f -r 3 -R 30 -w 3 ')
    expect(script({ reuse: true, window: 17, 'rate-limit': '5/60s' })).to.contain(' -t -D -f -r 5 -R 60 -w 17 ')
  })

  for (const [what, settings, problem] of [
    ['window 0', { window: 0 }, 'is out of range'],
    ['window 22', { window: 22 }, 'is out of range'],
    ['window 1.5', { window: 1.5 }, 'is out of range'],
    ['attempts 11', { 'rate-limit': '11/30s' }, 'is out of range'],
    ['seconds 10', { 'rate-limit': '3/10s' }, 'is out of range'],
    ['seconds 601', { 'rate-limit': '3/601' }, 'is out of range'],
    ['half a rate', { 'rate-limit': '3' }, 'is not a rate limit'],
  ] as [string, MethodSettings, string][]) {
    it(`${what}: refused, since the tool would exit and end every first session`, () => {
      expect(() => script(settings))
        .to.throw(problem)
        .with.property('exit', 'usage')
    })
  }

  it('takes no settings of an enrolment that never comes', () => {
    expect(() => made({ enrol: 'required', settings: { window: 5 } }))
      .to.throw('--totp-window is for enrolment at the first login, and with --enrol required there is none')
      .with.property('exit', 'usage')
  })

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
