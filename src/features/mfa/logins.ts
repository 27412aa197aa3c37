/** The logins that show that the change does what it says, and nothing else. */
import type { Expectation, LoginCase } from '../../domain/change.js'
import { keyboardInteractiveKeywords, spellings } from '../../os/openssh.js'
import type { Directive } from '../../render/sshd-config.js'
import { valueOf } from '../../render/sshd-decides.js'
import { matches } from '../../render/sshd-match.js'
import { byKeyToday } from './entry.js'
import { demanded, keyAlone } from './paths.js'
import type { Demand, Person } from './people.js'
import type { ProbePlan } from './probe.js'
import type { MfaState } from './state.js'

type Phase = LoginCase['phase']

const kinds = {
  right: { factor: 'fresh', answer: 'right', expect: 'in', prompted: true },
  replay: { factor: 'fresh', answer: 'replay', expect: 'refused', prompted: true },
  wrong: { factor: 'fresh', answer: 'wrong', expect: 'refused', prompted: true },
  batch: { factor: 'fresh', answer: 'batch', expect: 'refused', prompted: false },
  unenrolled: { factor: 'none', answer: 'none', expect: 'in', prompted: false },
  'no-entry': { factor: 'none', answer: 'none', expect: 'refused', prompted: true },
  'key-only': { factor: 'none', answer: 'batch', expect: 'in', prompted: false },
  'own-code': { factor: 'own', answer: 'right', expect: 'in', prompted: true },
  'own-without': { factor: 'own', answer: 'none', expect: 'refused', prompted: true },
  'own-unasked': { factor: 'own', answer: 'batch', expect: 'in', prompted: false },
  shut: { factor: 'fresh', answer: 'right', expect: 'refused', prompted: true },
  'shut-key': { factor: 'none', answer: 'batch', expect: 'refused', prompted: false },
  'key-enough': { factor: 'fresh', answer: 'batch', expect: 'in', prompted: false },
} as const satisfies Record<string, Omit<LoginCase, 'id' | 'phase' | 'account'>>

type Kind = keyof typeof kinds

/** A login of one kind, by one account, in one phase. */
export function login(phase: Phase, account: string, kind: Kind): LoginCase {
  return { id: `${phase}-${account.replace(/^@/, '').replace(':', '.')}-${kind}`, phase, account, ...kinds[kind] }
}

/** As things are today: whoever fails here fails without us. */
export function baseline(people: readonly Person[], state: MfaState): LoginCase[] {
  return people.map(({ account }) =>
    login('baseline', account.name, byKeyToday(account) || !state.on ? 'key-only' : 'right'),
  )
}

/** After switching on. `people` are the chosen ones; the first of them who is not exempt is refused in every way, too. */
export function loginsOn(people: readonly Person[], policy: Demand, probe: ProbePlan): LoginCase[] {
  const first = people.find((person) => !person.exempt)
  const rehearse = people.flatMap((person) => {
    const { name } = person.account
    if (person.exempt) return logins('rehearse', name, 'key-only')
    return person === first
      ? logins('rehearse', name, 'right', 'replay', 'wrong', 'batch', withoutFactor(policy))
      : logins('rehearse', name, 'right')
  })
  return [...rehearse, ...probesOn(policy, probe)]
}

/** After switching off: a key is enough, for the enrolled as well. */
export function loginsOff(people: readonly Person[], probe: ProbePlan): LoginCase[] {
  return [
    ...people.map(({ account }) => login('rehearse', account.name, 'key-enough')),
    ...(probe.ordinary === undefined ? [] : [login('prove', probe.ordinary, 'key-enough')]),
  ]
}

/** Where no factor is demanded, before and after: keys get in, and nothing is asked. */
export function loginsPlain(people: readonly Person[], { ordinary }: ProbePlan): LoginCase[] {
  return [
    ...people.map(({ account }) => login('rehearse', account.name, 'key-only')),
    ...(ordinary === undefined ? [] : [login('prove', ordinary, 'key-only')]),
  ]
}

/** Two throw-away accounts, whose logins run side by side. */
function probesOn(policy: Demand, { ordinary, exempt }: ProbePlan): LoginCase[] {
  const strangers =
    ordinary === undefined
      ? []
      : [
          ...logins('prove', ordinary, 'right', 'replay', 'wrong'),
          ...logins('prove', ordinary.replace('@probe', '@other'), 'batch', withoutFactor(policy)),
        ]
  return [...strangers, ...exempt.map((account) => login('prove', account, 'key-only'))]
}

/** A replay stands right behind the right answer that it repeats. */
function logins(phase: Phase, account: string, ...of: readonly Kind[]): LoginCase[] {
  return of.map((kind) => login(phase, account, kind))
}

function withoutFactor({ enrol }: Demand): Kind {
  return enrol === 'first-login' ? 'unenrolled' : 'no-entry'
}

/**
 * What `sshd -T -C user=…` must say of each; sshd prints values in lower case or will (10.5): compared without case. Where somebody else's
 * Match block may spare a login by where it comes from, it is promised of loopback alone.
 */
export function expectations(
  people: readonly Person[],
  version: string,
  foreign: readonly Directive[] = [],
): Expectation[] {
  return people.flatMap(({ account, exempt }) => {
    const methods = exempt ? keyAlone : demanded
    const switches = keyboardInteractiveKeywords(version).map((keyword) => [keyword.toLowerCase(), 'yes'] as const)
    return ([['authenticationmethods', methods], ['usepam', 'yes'], ...switches] as const).flatMap(
      ([keyword, value]) => {
        const names = spellings(keyword, version)
        const others = foreign
          .filter((line) => names.includes(line.keyword) && valueOf(line) !== value)
          .map(({ match }) => (match === undefined ? 'no' : matches(match, account)))
        // Prompts are off where somebody else's Match block takes the key alone.
        if (keyword !== 'authenticationmethods' && others.includes('yes')) return []
        return { account: account.name, keyword, value, ...(others.includes('depends') ? { loopback: true } : {}) }
      },
    )
  })
}
