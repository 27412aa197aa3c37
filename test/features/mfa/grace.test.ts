import { expect } from 'chai'
import { changeFrom } from '../../../src/domain/change-from.js'
import { isNoop } from '../../../src/domain/change.js'
import { digestText } from '../../../src/domain/digest.js'
import { fileFact, type Facts } from '../../../src/domain/facts.js'
import type { MfaPolicy } from '../../../src/domain/policy.js'
import { describeMfa, draft } from '../../../src/features/index.js'
import { graceRemark, readGrace } from '../../../src/features/mfa/grace.js'
import { changeData } from '../../../src/host/data.js'
import { hostOf } from '../golden-cases.js'
import { account, carriedOut, key, policy, root, stockFacts } from '../facts.js'

const day = 86_400
const until = Date.UTC(2026, 11, 8, 1, 24) / 1000
const dated = policy({ grace: { seconds: 14 * day, until } })
const demands = { authenticationmethods: ['publickey,keyboard-interactive:pam'] }
const stack = '/etc/pam.d/bastionctl-mfa'
const timer = '/etc/systemd/system/bastionctl-run-sunset.timer'

function after(wanted: MfaPolicy, facts: Facts): Facts {
  return carriedOut(facts, draft(wanted, facts).files, demands)
}

/** The host once it has carried out what the change keeps for the date. */
function ended(facts: Facts): Facts {
  const { sunset } = draft(dated, facts)
  return carriedOut(after(dated, facts), sunset?.files ?? [], demands)
}

describe('first login with a date', () => {
  it('is in the summary, and names who is out then as of today', () => {
    const { summary, sunset } = draft(dated, hostOf('debian-12'))
    expect(summary).to.equal('enable mfa (totp, enrolment at first login until 2026-12-08 01:24 UTC)')
    expect(sunset).to.include({ at: until, summary: 'require enrolment (totp), as the grace of 14d has ended' })
    expect(sunset?.out.map((one) => one.account)).to.deep.equal(['alice', 'ci'])
  })

  it('leaves out of that who is exempt', () => {
    const { sunset } = draft({ ...dated, exemptGroups: ['robots'] }, hostOf('debian-12'))
    expect(sunset?.out.map((one) => one.account)).to.deep.equal(['alice'])
    expect(sunset?.reads).to.deep.include({ kind: 'group', name: 'robots', digest: digestText('robots') })
  })

  it('ends in the files of --enrol required, but for a line that says since when', () => {
    const facts = hostOf('debian-12')
    const required = after(policy({ enrol: 'required', acceptLockout: ['alice', 'ci'] }), facts)
    const texts = (of: Facts) =>
      of.files.map(({ path, content = '' }) => [path, content.replace(/^# Grace.*\n\n/m, '')]).sort()
    expect(texts(ended(facts))).to.deep.equal(texts(required))
    expect(fileFact(ended(facts), stack)?.content).to.contain(
      '# Grace of 14d: enrolment is required since 2026-12-08T01:24:00Z.',
    )
  })

  it('is computed against the host as the change leaves it', () => {
    const facts = hostOf('debian-12')
    const { files, sunset } = changeFrom(draft(dated, facts), facts)
    const made = files.find(({ path }) => path === stack)
    const then = sunset?.files.find(({ path }) => path === stack)
    expect(then).to.include({ action: 'update', before: made?.after })
    expect(then?.diff).to.match(/^-auth.*nullok$/m)
    expect(sunset?.files.map(({ path, action }) => [path.split('/').pop(), action])).to.deep.equal([
      ['bastionctl-mfa', 'update'],
      ['bastionctl-mfa-enrol.sh', 'remove'],
      ['bastionctl-run-sunset.service', 'remove'],
      ['bastionctl-run-sunset.timer', 'remove'],
    ])
  })

  it('keeps its date when the same is asked for later, and moves with another length', () => {
    const there = after(dated, hostOf('debian-12'))
    const later = policy({ grace: { seconds: 14 * day, until: until + 3 * day } })
    expect(isNoop(changeFrom(draft(later, there), there))).to.equal(true)
    const longer = policy({ grace: { seconds: 20 * day, until: until + 6 * day } })
    expect(draft(longer, there).sunset?.at).to.equal(until + 6 * day)
    expect(fileFact(after(longer, there), timer)?.content).to.contain('from 2026-12-14 01:24 UTC on')
  })

  it('that has come stays: the same once more opens nothing again', () => {
    const there = ended(hostOf('debian-12'))
    const again = changeFrom(draft({ ...dated, grace: { seconds: 14 * day, until: until + 30 * day } }, there), there)
    expect(isNoop(again)).to.equal(true)
    expect(again.sunset).to.equal(undefined)
    const other = draft(policy({ grace: { seconds: 2 * day, until: until + 30 * day } }), there)
    expect(other.sunset?.at).to.equal(until + 30 * day)
    expect(other.notes.join('\n')).to.contain('this lets people in without a factor again')
  })

  it('goes away without --grace, with --enrol required and with disable-mfa', () => {
    const there = after(dated, hostOf('debian-12'))
    for (const wanted of [policy(), policy({ enrol: 'required', acceptLockout: ['alice', 'ci'] })]) {
      const next = after(wanted, there)
      expect(fileFact(next, timer)).to.equal(undefined)
      expect(fileFact(next, stack)?.content).not.to.contain('Grace')
      expect(draft(wanted, there).sunset).to.equal(undefined)
    }
    expect(fileFact(after(policy({ action: 'disable' }), there), timer)).to.equal(undefined)
  })

  it('says that the host will not do it while no administrator has a factor', () => {
    const note = /^no administrator with a key in a file has a factor or is exempt today: .* at 2026-12-08 01:24 UTC/m
    expect(draft(dated, stockFacts()).notes.join('\n')).to.match(note)
    expect(draft(dated, hostOf('debian-12')).notes.join('\n')).not.to.match(note)
  })

  it('reads its own line, and nothing out of others', () => {
    for (const over of [false, true]) {
      const grace = { seconds: 36 * 3600, until, ended: over }
      expect(readGrace(`auth x\n# ${graceRemark(grace)}\n`)).to.deep.equal(grace)
    }
    for (const line of [
      '# Grace of 14d: until we say so',
      '# Grace of hd: first login until 2026-12-08T01:24:00Z, then',
      '',
    ])
      expect(readGrace(`${line}\n`), line).to.equal(undefined)
  })

  const order = {
    id: 'C1',
    who: 'ann',
    confirmWithin: 600,
    until: 'prove',
    now: 1,
    notAfter: 2,
    tool: 't',
    accept: [],
  } as const

  it('is sent as a second change: whose, because of what, when, and by which logins', () => {
    const facts = hostOf('debian-12')
    const data = changeData(changeFrom(draft(dated, facts), facts), order)
    expect(data['sunset/manifest'])
      .to.contain('base=C1\n')
      .and.to.contain(`date=${String(until)}\n`)
    expect(data['sunset/manifest']).to.contain('who=the host itself, because of change C1\n')
    expect(data['sunset/manifest']).not.to.match(/^(?:id|operator_time|not_after)=/m)
    expect(data['sunset/files']?.split('\n')[0]).to.match(/^\/etc\/pam\.d\/bastionctl-mfa\|update\|0644\|/)
    expect(data[`sunset/content${stack}`]).to.contain('pam_google_authenticator.so').and.not.to.contain('nullok')
    const cases = data['sunset/cases'] ?? ''
    expect(cases).to.match(/^sunset-rehearse-@first-no-entry\|rehearse\|@first\|none\|none\|refused\|1$/m)
    expect(cases).to.match(/^sunset-prove-@probe-right\|prove\|@probe\|fresh\|right\|in\|1$/m)
    const ids = cases.split('\n').map((line) => line.split('|')[0])
    expect(new Set(ids).size).to.equal(ids.length)
    // The replay repeats the answer of the case in front of it.
    expect(ids.indexOf('sunset-prove-@probe-replay')).to.equal(ids.indexOf('sunset-prove-@probe-right') + 1)
  })

  it('without one nothing of it is sent', () => {
    const facts = hostOf('debian-12')
    const data = changeData(changeFrom(draft(policy(), facts), facts), order)
    expect(Object.keys(data).filter((path) => path.startsWith('sunset'))).to.deep.equal([])
  })

  it('status counts root, whom the script leaves alone, among those who are never asked', () => {
    const facts = hostOf('debian-12')
    const open = { permitrootlogin: ['yes'] }
    const there = carriedOut(
      { ...facts, accounts: [...facts.accounts.filter(({ uid }) => uid !== 0), { ...root, keys: [key()] }] },
      draft(dated, facts).files,
      { ...demands, ...open },
    )
    expect(describeMfa(there).neverAsked).to.deep.equal([{ account: 'root', shell: '/bin/bash' }])
  })

  it('status counts those whose keys open no terminal among those who are never asked', () => {
    const facts = hostOf('debian-12')
    const with_ = (name: string, ...keys: readonly (readonly string[])[]) =>
      account(name, { uid: 1003, keys: keys.map((options) => key(...options)) })
    const robots = [with_('rsync', ['restrict']), with_('git', ['command'], ['no-pty'])]
    const person = with_('pat', ['restrict', 'pty'], ['command'])
    const there = after(dated, { ...facts, accounts: [...facts.accounts, ...robots, person] })
    expect(describeMfa(there).neverAsked).to.deep.equal([
      { account: 'rsync', shell: '/bin/bash', keys: 'no-terminal' },
      { account: 'git', shell: '/bin/bash', keys: 'no-terminal' },
    ])
  })

  it('the plan says once that enrolment can be put off', () => {
    const { notes } = draft(policy(), hostOf('debian-12'))
    expect(notes.filter((note) => note.includes('put enrolment off'))).to.have.length(1)
  })

  it('status names who has no factor, and whose shell never asks for one', () => {
    const facts = hostOf('debian-12')
    const fish = account('zed', { uid: 1003, shell: '/usr/bin/fish' })
    const there = after(dated, { ...facts, accounts: [...facts.accounts, fish] })
    expect(describeMfa(there)).to.deep.include({
      notEnrolled: ['alice', 'ci', 'zed'],
      neverAsked: [{ account: 'zed', shell: '/usr/bin/fish' }],
    })
    expect(describeMfa(ended(facts))).to.deep.include({ enrol: 'required', notEnrolled: [], neverAsked: [] })
  })
})
