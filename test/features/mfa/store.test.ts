/** Where second factors are kept, who has to move, and what is rendered for it. */
import { readFileSync } from 'node:fs'
import { parse } from 'node:path'
import { expect } from 'chai'
import type { Account, Facts } from '../../../src/domain/facts.js'
import type { MfaPolicy, SecretStore } from '../../../src/domain/policy.js'
import { changeFrom } from '../../../src/domain/change-from.js'
import { describeMfa, draft } from '../../../src/features/index.js'
import { paths } from '../../../src/features/mfa/paths.js'
import { account, admin, carriedOut, policy, stockFacts } from '../facts.js'

const at = (...factors: SecretStore[]): Partial<Account> => ({ factors, enrolled: factors.includes('home') })
const facts = (more: Partial<Facts> = {}) =>
  stockFacts('debian-12', {
    accounts: [{ ...admin, ...at('home') }, account('ann', at('root')), account('cy')],
    ...more,
  })
const bob = account('bob', at('home', 'root'))
const withBob = facts({ accounts: [...facts().accounts, bob] })
const made = (more: Partial<MfaPolicy>, on: Facts = facts()) => draft(policy(more), on)
const moved = (more: Partial<MfaPolicy>, on?: Facts) =>
  made(more, on).accounts.map(({ name, factor }) => `${name} ${factor ?? ''}`)
const text = (path: string, more: Partial<MfaPolicy>, on?: Facts) =>
  made(more, on).files.find((file) => file.path === path)?.content ?? null

describe('where second factors are kept', () => {
  it('is as the host has it without the flag', () => {
    expect(made({}).factor).to.equal('%h/.google_authenticator')
    expect(made({}, facts({ secretStore: 'root' })).factor).to.equal('/var/lib/google-authenticator/%u')
  })

  it('while off, everybody whose factor is only at the other place moves', () => {
    expect(moved({ secretStore: 'root' })).to.deep.equal(['admin moved'])
    expect(moved({})).to.deep.equal(['ann moved'])
    expect(made({ secretStore: 'root' })).to.have.property('factorFrom', '%h/.google_authenticator')
    expect(made({})).to.have.property('factorFrom', '/var/lib/google-authenticator/%u')
  })

  it('is said where root keeps some already, and nobody has asked for it', () => {
    const note = 'second factors are kept by root, who keeps some here already'
    const kept = facts({ secretStore: 'root' })
    expect(made({}, kept).notes).to.include(note)
    const on = carriedOut(kept, made({}, kept).files, { authenticationmethods: ['publickey,keyboard-interactive:pam'] })
    for (const { notes } of [made({}, on), made({ secretStore: 'root' }, kept), made({})])
      expect(notes).not.to.include(note)
  })

  it('is said once where sessions can take their own away, with what that opens', () => {
    const said = (more: Partial<MfaPolicy>, on = facts({})): string[] =>
      made(more, on).notes.filter((note) => note.startsWith('second factors are in homes'))
    const [note = '', ...others] = said({})
    expect(others).to.deep.equal([])
    expect(note).to.match(/can read, replace and remove that person's own, and once it is gone a key alone is enough/)
    // No factor, no entry.
    expect(said({ enrol: 'required', acceptLockout: ['ann'] }).join()).to.match(
      /can read and replace that person's own: /,
    )
    expect(said({ secretStore: 'root' })).to.deep.equal([])
    expect(said({}, facts({ secretStore: 'root' }))).to.deep.equal([])
  })

  it('while off, they move to the place that is the default, too, and nothing is said of another place where nobody does', () => {
    const enforcing = (...accounts: readonly Account[]) =>
      facts({ secretStore: 'root', accounts: [admin, ...accounts] })
    const byHand = enforcing(account('ann', at('home')))
    expect(moved({}, byHand)).to.deep.equal(['ann moved'])
    expect(made({}, byHand)).to.have.property('factorFrom', '%h/.google_authenticator')
    expect(made({}, enforcing(account('ann', at('root'))))).not.to.have.property('factorFrom')
  })

  it('while off, somebody with factors at both places has to be decided about, and the flag does it', () => {
    expect(() => made({}, withBob))
      .to.throw('which second factor counts is not known: at both places there is one of bob')
      .with.property('exit', 'refused')
    expect(moved({ secretStore: 'root' }, withBob)).to.deep.equal(['admin moved'])
    expect(moved({ secretStore: 'home' }, withBob)).to.deep.equal(['ann moved'])
  })

  it('while on, the factor that is in effect moves, over one that is not', () => {
    const on = carriedOut(withBob, made({ secretStore: 'home' }, withBob).files, {
      authenticationmethods: ['publickey,keyboard-interactive:pam'],
    })
    expect(moved({ secretStore: 'root' }, on)).to.deep.equal(['admin moved', 'bob moved'])
    expect(moved({}, on)).to.deep.equal([])
  })

  it('whoever moves is enrolled as before: nobody is locked out by it', () => {
    const { lockouts } = made({ secretStore: 'root', enrol: 'required', acceptLockout: ['cy'] })
    expect(lockouts.map((lost) => lost.account)).to.deep.equal(['cy'])
  })

  it('by root, a first login needs sudo: refused without, and not where enrolment is required', () => {
    expect(() => made({ secretStore: 'root' }, facts({ sudo: false })))
      .to.throw('needs sudo')
      .with.property('exit', 'refused')
    expect(made({ secretStore: 'root', enrol: 'required', acceptLockout: ['cy'] }, facts({ sudo: false })).files).not.to
      .be.empty
  })

  it('by root, the helper is there before it may be started, and that before anybody is told to; the way back is the reverse', () => {
    const names = [
      '/usr/local/sbin/bastionctl-mfa-enrol',
      '/etc/sudoers.d/zz_bastionctl_mfa-enrol',
      '/etc/profile.d/bastionctl-mfa-enrol.sh',
    ]
    const order = (paths: readonly string[]) => paths.filter((path) => names.includes(path))
    const on = made({ secretStore: 'root' })
    expect(order(changeFrom(on, facts()).files.map(({ path }) => path))).to.deep.equal(names)
    const after = carriedOut(facts(), on.files)
    const off = changeFrom(made({ action: 'disable' }, after), after)
    expect(order(off.files.map(({ path }) => path))).to.deep.equal(names.toReversed())
    expect(order(changeFrom(made({}), facts()).files.map(({ path }) => path))).to.deep.equal([names[2]])
  })

  it('by root, the line of the helper is in a file that sudo reads, and behind those of others', () => {
    const { base } = parse(paths.enrolSudoers)
    expect(base).to.match(/^[\w-]+$/)
    const all = [base, 'sysadmins', '99-site', 'Zabbix', 'zabbix_agent', 'zz-site', 'bastionctl-ada', 'README'].sort()
    expect(all.at(-1)).to.equal(base)
  })

  it('by root, what a host is asked for has the helper and its line', () => {
    const inspect = readFileSync(new URL('../../../templates/host/inspect.sh', import.meta.url), 'utf8')
    const globs = inspect.match(/\/etc\/sudoers\.d\/\S+|\/usr\/local\/sbin\/\S+/g) ?? []
    const asked = (path: string): boolean =>
      globs.some((glob) => glob.endsWith('*') && path.startsWith(glob.replace(/\*$/, '')))
    for (const path of [paths.enrolSudoers, paths.enrolHelper]) expect(asked(path), path).to.equal(true)
    expect(asked('/etc/sudoers.d/sysadmins')).to.equal(false)
  })

  it('by root, at the date of a grace helper and line go as well', () => {
    const grace = { seconds: 86_400, until: 1_796_693_040 }
    const { sunset } = changeFrom(made({ secretStore: 'root', grace }), facts())
    expect(sunset?.files.filter(({ action }) => action === 'remove').map(({ path }) => path)).to.include.members([
      '/usr/local/sbin/bastionctl-mfa-enrol',
      '/etc/sudoers.d/zz_bastionctl_mfa-enrol',
    ])
  })
})

describe('whom the helper of a first login does not serve', () => {
  const odd = [account('EX\\ann', { uid: 1003 }), account('cal', { uid: 1004 }), account('dee', { uid: 1005 })]
  const named = [...odd, { name: 'toor', uid: 1004 }].map(({ name, uid }) => ({ name, uid }))
  const there = stockFacts('debian-12', { accounts: [{ ...admin, ...at('root') }, ...odd], names: named })

  it('is in the plan where root keeps factors, and nowhere else', () => {
    const notes = (more: Partial<MfaPolicy>) =>
      made(more, there).notes.filter((note) => note.includes('cannot enrol at a first login'))
    expect(notes({ secretStore: 'root' })).to.deep.equal([
      'EX\\ann: its name is none for a file, so it cannot enrol at a first login where root keeps factors',
      'cal: it has its uid in common with another account, so it cannot enrol at a first login where root keeps factors',
    ])
    expect(notes({ secretStore: 'home' })).to.deep.equal([])
    expect(notes({ secretStore: 'root', enrol: 'required', acceptLockout: odd.map(({ name }) => name) })).to.deep.equal(
      [],
    )
  })

  it('is never asked to enrol, by status', () => {
    const on = (secretStore: SecretStore) =>
      describeMfa({
        ...carriedOut(there, made({ secretStore }, there).files, {
          authenticationmethods: ['publickey,keyboard-interactive:pam'],
        }),
        secretStore,
      }).neverAsked
    expect(on('root')).to.deep.equal([
      { account: 'EX\\ann', shell: '/bin/bash', helper: 'name' },
      { account: 'cal', shell: '/bin/bash', helper: 'shared-uid' },
    ])
    expect(on('home')).to.deep.equal([])
  })
})

describe('keys that new accounts begin with', () => {
  const path = '/etc/skel/.ssh/authorized_keys'
  const line = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMNGIoc0hNuxpUtjzuQOUPuPDK4yzZN3wrgdmKFrHdd9 glass'
  const block = `# BEGIN bastionctl mfa (managed: bastionctl takes these lines out again)\n${line}\n# END bastionctl mfa\n`
  const having = (content: string) => {
    const on = facts()
    return { ...on, files: [...on.files, { path, content, digest: 'd', mode: '0644', owner: 'root', group: 'root' }] }
  }

  it('stand in a block of their own behind the others', () => {
    expect(text(path, { skelKeys: [line] })).to.equal(block)
    expect(text(path, { skelKeys: [line] }, having('ssh-rsa AAAA theirs'))).to.equal(`ssh-rsa AAAA theirs\n${block}`)
  })

  it('go with the next change that does not name them; the file too, where it was made for them', () => {
    expect(text(path, {}, having(block))).to.equal(null)
    expect(text(path, { action: 'disable' }, having(`ssh-rsa AAAA theirs\n${block}`))).to.equal('ssh-rsa AAAA theirs\n')
    expect(text(path, {}, having(''))).to.equal('')
  })

  it('are said to open every new account', () => {
    expect(made({ skelKeys: [line] }).notes.join('\n')).to.match(
      /whoever has SHA256:\S+ gets in by every account that is made from now on/,
    )
  })

  it('are refused where somebody has edited the block', () => {
    expect(() => made({}, having(block.replace(/# END.*\n/, '')))).to.throw('without its counterpart')
  })
})
