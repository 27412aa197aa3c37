/** What judges found beside what is waived. */
import type { Finding } from '../../../lab/hosts/index.js'
import { controls, type View } from './dev-sec.js'
import { covers, exceptions, judged, type Exception, type State, within } from './exceptions.js'

export interface Verdict {
  /** Found, and not waived, or beyond what is waived. */
  readonly unexpected: readonly string[]
  /** Waived, and not found. */
  readonly needless: readonly string[]
}

export function byAudit(state: State, host: string, found: readonly Finding[]): Verdict {
  const known = waived('ssh-audit', state, host)
  return {
    unexpected: found
      .filter((finding) => !known.some((exception) => covers(exception, finding)))
      .map(({ algorithm, kind, severity, says }) => `${algorithm}: ${kind}, ${severity}: ${says}`),
    needless: known
      .filter((exception) => !found.some((finding) => covers(exception, finding)))
      .map(({ finding, kind, severity }) => `${finding}: ${kind}, ${severity}`),
  }
}

export function byControls(state: State, host: string, view: View): Verdict {
  const known = waived('dev-sec ssh-baseline', state, host)
  const unmet = controls.filter(({ met }) => !met(view))
  const allowed = known.filter((exception) => within(exception, view)).map(({ finding }) => finding)
  return {
    unexpected: unmet.filter(({ id }) => !allowed.includes(id)).map(({ id, wants }) => `${id}: ${wants}`),
    needless: known.filter(({ finding }) => !unmet.some(({ id }) => id === finding)).map(({ finding }) => finding),
  }
}

function waived<Judge extends Exception['judge']>(judge: Judge, state: State, host: string) {
  return exceptions.filter(
    (one): one is Extract<Exception, { judge: Judge }> =>
      one.judge === judge && one.at.includes(state) && (one.on ?? judged).some((name) => name === host),
  )
}
