/** What of this feature is on a host already, read from the files that it manages. */
import { fileFact, type Facts } from '../../domain/facts.js'
import type { Enrol } from '../../domain/policy.js'
import { findBlocks, marks } from '../../render/marked-block.js'
import { readPam } from '../../render/pam.js'
import { readSshdFile } from '../../render/sshd-config.js'
import { featureName, keyAlone, paths } from './paths.js'
import { methods } from './registry.js'

export interface MfaState {
  /** sshd demands the factor and PAM asks for it. */
  readonly on: boolean
  readonly method?: string
  readonly enrol?: Enrol
  readonly exemptGroups: readonly string[]
}

export function mfaState(facts: Facts): MfaState {
  const sshdText = managedSshdText(facts)
  const exemptGroups = readSshdFile(sshdText, paths.sshdDropIn)
    .filter((line) => line.keyword === 'authenticationmethods' && line.args.join(' ') === keyAlone)
    .flatMap(({ match }) => (match?.[0]?.toLowerCase() === 'group' ? (match[1] ?? '').split(',') : []))
  const stack = readPam(fileFact(facts, paths.pamStack)?.content ?? '', paths.pamStack)
  const pamSshd = fileFact(facts, paths.pamSshd)?.content ?? ''
  const found = methods.flatMap((method) => {
    const enrol = method.recognise(stack)
    return enrol === undefined ? [] : [{ method: method.name, enrol }]
  })[0]
  const asked = findBlocks(pamSshd, marks(featureName), paths.pamSshd).length > 0
  return { on: asked && sshdText !== '' && found !== undefined, ...found, exemptGroups }
}

/** Our lines of sshd's configuration, wherever they stand. */
function managedSshdText(facts: Facts): string {
  const dropIn = fileFact(facts, paths.sshdDropIn)?.content
  if (dropIn !== undefined) return dropIn
  const main = fileFact(facts, paths.sshdMain)?.content ?? ''
  return [marks(featureName), marks(featureName, 'match')]
    .flatMap((pair) => findBlocks(main, pair, paths.sshdMain))
    .flatMap((block) => block.body)
    .join('\n')
}
