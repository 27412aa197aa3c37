import { expect } from 'chai'
import type { ExitName } from '../../src/domain/exit-codes.js'
import type { HostResult, Outcome } from '../../src/domain/outcome.js'
import { statusVerdict, verifyVerdict, verdict, type Intent } from '../../src/domain/verdict.js'
import { result } from '../support/samples.js'

/** `outcome` or `outcome:reason`. */
type Short = Outcome | `${Outcome}:${string}`

function results(shorts: readonly Short[]): HostResult[] {
  return shorts.map((short) => {
    const [outcome, reason] = short.split(':') as [Outcome, string | undefined]
    return result(outcome, reason === undefined ? {} : { reason })
  })
}

const cases: readonly (readonly [Intent, readonly Short[], ExitName])[] = [
  ['change', [], 'ok'],
  ['change', ['confirmed', 'confirmed'], 'ok'],
  ['change', ['confirmed', 'unchanged'], 'ok'],
  ['change', ['pending', 'pending'], 'ok'],
  ['change', ['unchanged'], 'ok'],
  ['change', ['rolled-back', 'rolled-back'], 'rolled-back'],
  ['change', ['rolled-back', 'untouched', 'untouched'], 'rolled-back'],
  ['change', ['rolled-back', 'unchanged'], 'rolled-back'],
  ['change', ['refused', 'untouched'], 'rehearsal'],
  ['change', ['refused:rehearsal', 'refused:package'], 'rehearsal'],
  ['change', ['refused:too-late'], 'rehearsal'],
  ['change', ['refused:clock-skew'], 'host-unfit'],
  ['change', ['refused:run-folder'], 'host-unfit'],
  ['change', ['stale'], 'stale'],
  ['change', ['busy:locked'], 'busy'],
  ['change', ['unreachable:undelivered'], 'host-unfit'],
  ['change', ['rolled-back:safety-session'], 'safety-session'],
  ['change', ['rolled-back', 'busy'], 'busy'],
  ['change', ['rolled-back', 'busy:locked', 'busy', 'untouched', 'unchanged'], 'busy'],
  ['change', ['rolled-back', 'refused'], 'rolled-back'],
  ['change', ['rolled-back', 'unreachable:undelivered'], 'rolled-back'],
  ['change', ['rolled-back', 'busy', 'stale'], 'rolled-back'],
  ['change', ['rolled-back:safety-session', 'rolled-back'], 'rolled-back'],
  ['change', ['stale', 'busy'], 'rehearsal'],
  ['change', ['untouched:access', 'untouched'], 'rehearsal'],
  ['change', ['pending:access', 'rolled-back', 'busy'], 'mixed'],
  ['change', ['rolled-back', 'busy', 'unknown'], 'needs-hands'],
  ['change', ['confirmed', 'rolled-back'], 'mixed'],
  ['change', ['confirmed', 'stale'], 'mixed'],
  ['change', ['pending', 'untouched'], 'mixed'],
  ['change', ['confirmed', 'unknown'], 'needs-hands'],
  ['change', ['stuck', 'rolled-back'], 'needs-hands'],
  ['change', ['rolled-back:incomplete', 'rolled-back'], 'needs-hands'],
  ['change', ['pending:access', 'pending:access'], 'access'],
  ['change', ['pending:undelivered'], 'mixed'],
  ['change', ['pending:edited-since'], 'mixed'],
  ['change', ['pending:clock-skew'], 'mixed'],
  ['change', ['pending:run-folder'], 'mixed'],
  ['change', ['pending:refused'], 'mixed'],
  ['change', ['unchanged', 'untouched:refused'], 'refused'],
  ['rehearse', ['rehearsed', 'rehearsed'], 'ok'],
  ['rehearse', ['rehearsed', 'refused'], 'rehearsal'],
  ['rehearse', ['rehearsed', 'untouched:refused'], 'refused'],
  ['rehearse', ['refused:rehearsal', 'untouched:refused'], 'rehearsal'],
  ['rehearse', ['rehearsed', 'refused', 'busy'], 'rehearsal'],
  ['confirm', ['confirmed'], 'ok'],
  ['confirm', ['confirmed', 'confirmed:incomplete'], 'needs-hands'],
  ['confirm', ['rolled-back:too-late'], 'too-late'],
  ['confirm', ['rolled-back:incomplete'], 'needs-hands'],
  ['confirm', ['confirmed', 'rolled-back:too-late'], 'mixed'],
  ['confirm', ['refused:no-change'], 'refused'],
  ['confirm', ['busy', 'rolled-back:too-late'], 'mixed'],
  ['confirm', ['busy', 'refused:no-change'], 'mixed'],
  ['confirm', ['busy:locked'], 'mixed'],
  ['confirm', ['refused:edited-since'], 'mixed'],
  ['confirm', ['unreachable:unmanaged'], 'host-unfit'],
  ['roll-back', ['rolled-back', 'rolled-back'], 'ok'],
  ['roll-back', ['rolled-back', 'refused:no-change'], 'mixed'],
  ['roll-back', ['busy', 'refused:no-change'], 'mixed'],
  ['roll-back', ['rolled-back', 'unchanged:nothing-to-undo'], 'ok'],
  ['roll-back', ['rolled-back', 'rolled-back:incomplete'], 'needs-hands'],
  ['roll-back', ['confirmed:not-agreed'], 'usage'],
  ['roll-back', ['confirmed:declined'], 'declined'],
  ['roll-back', ['rolled-back', 'confirmed:declined'], 'mixed'],
  ['roll-back', ['confirmed:no-host'], 'host-unfit'],
  ['roll-back', ['refused:edited-since'], 'stale'],
  ['roll-back', ['stuck:roll-back'], 'needs-hands'],
]

describe('verdict', () => {
  for (const [intent, shorts, expected] of cases) {
    it(`${intent}: ${shorts.join(', ') || 'no host'} is ${expected}`, () => {
      expect(verdict(results(shorts), intent)).to.equal(expected)
    })
  }

  it('names Ctrl-C where hosts were left untouched or pending by it', () => {
    expect(verdict(results(['pending', 'untouched']), 'change', true)).to.equal('interrupted')
    expect(verdict(results(['pending', 'pending']), 'change', true)).to.equal('interrupted')
    expect(verdict(results(['unknown:cancelled', 'untouched']), 'change', true)).to.equal('interrupted')
    expect(verdict(results(['unknown:lost', 'untouched']), 'change', true)).to.equal('needs-hands')
  })

  it('does not let Ctrl-C hide a host that needs hands, or spoil a run that was through', () => {
    expect(verdict(results(['stuck']), 'change', true)).to.equal('needs-hands')
    expect(verdict(results(['confirmed']), 'change', true)).to.equal('ok')
  })

  it('puts drift before a host that could not be asked', () => {
    expect(statusVerdict([{}, { drift: [] }])).to.equal('ok')
    expect(statusVerdict([{ problem: 'offline' }])).to.equal('host-unfit')
    expect(statusVerdict([{ problem: 'offline' }, { drift: ['/etc/pam.d/sshd'] }])).to.equal('drift')
  })

  it('of a verification is 2 where a host has drifted, whatever else could not be asked', () => {
    expect(verifyVerdict([{}, { drifted: false }])).to.equal('ok')
    expect(verifyVerdict([{ problem: 'offline' }])).to.equal('host-unfit')
    expect(verifyVerdict([{ problem: 'offline' }, { drifted: true }])).to.equal('changes')
  })
})
