/** What of this feature is on a host already, read from the files that it manages. */
import { fileFact, type Facts } from '../../domain/facts.js'
import type { Enrol } from '../../domain/policy.js'
import { findBlocks, marks } from '../../render/marked-block.js'
import { readPam } from '../../render/pam.js'
import { readSshdFile } from '../../render/sshd-config.js'
import { mfaFeature, present } from '../sshd-files.js'
import { readGrace, type GraceState } from './grace.js'
import { keyAlone, paths } from './paths.js'
import type { MfaMethod } from './method.js'
import { methods, usual } from './registry.js'

export interface MfaState {
  /** sshd demands the factor and PAM asks for it. */
  readonly on: boolean
  readonly method?: string
  readonly enrol?: Enrol
  readonly exemptGroups: readonly string[]
  /** A date that was set for the end of first login. */
  readonly grace?: GraceState
}

export function mfaState(facts: Facts): MfaState {
  const sshdText = present(facts, mfaFeature)
  const exemptGroups = readSshdFile(sshdText, mfaFeature.dropIn)
    .filter((line) => line.keyword === 'authenticationmethods' && line.args.join(' ') === keyAlone)
    .flatMap(({ match }) => (match?.[0]?.toLowerCase() === 'group' ? (match[1] ?? '').split(',') : []))
  const stackText = fileFact(facts, paths.pamStack)?.content ?? ''
  const stack = readPam(stackText, paths.pamStack)
  const grace = readGrace(stackText)
  const pamSshd = fileFact(facts, paths.pamSshd)?.content ?? ''
  const found = methods.flatMap((method) => {
    const enrol = method.recognise(stack)
    return enrol === undefined ? [] : [{ method: method.name, enrol }]
  })[0]
  const asked = findBlocks(pamSshd, marks(mfaFeature.name), paths.pamSshd).length > 0
  return { on: asked && sshdText !== '' && found !== undefined, ...found, exemptGroups, ...(grace ? { grace } : {}) }
}

/** The method whose factors count on the host. */
export function methodOn(state: Pick<MfaState, 'method'>): MfaMethod {
  return methods.find(({ name }) => name === state.method) ?? usual
}
