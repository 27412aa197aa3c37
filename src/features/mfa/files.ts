/** The files of the feature, switched on and switched off. */
import type { DesiredFile } from '../../domain/change.js'
import type { Facts } from '../../domain/facts.js'
import type { MfaPolicy } from '../../domain/policy.js'
import type { OsProfile } from '../../os/index.js'
import { applyPamEdit, revertPamEdit } from '../../render/pam-edit.js'
import { graceRemark, timerFiles, type GraceState } from './grace.js'
import type { MfaMethod } from './method.js'
import { mfaFeature, withText } from '../sshd-files.js'
import { paths } from './paths.js'
import { sshdFilesOff, sshdFilesOn } from './sshd.js'

const root = { mode: '0644', owner: 'root', group: 'root' } as const

/**
 * A substack: what ends early in it does not end RHEL's later auth lines (postlogin), and the whole counts as one line
 * for a jump (pam.conf(5)).
 */
const stackLine = 'auth       substack     bastionctl-mfa'

/** In the order of writing: a stack is there before it is included, sshd demands the factor last. */
export function filesOn(
  policy: MfaPolicy,
  facts: Facts,
  os: OsProfile,
  method: MfaMethod,
  { exemptAccounts, grace }: { readonly exemptAccounts: readonly string[]; readonly grace?: GraceState | undefined },
): DesiredFile[] {
  const pamSshd = withText(facts, paths.pamSshd)
  const { mode, owner, group } = pamSshd
  const script =
    policy.enrol === 'first-login' ? (method.enrolScript?.(policy, exemptAccounts, grace?.until) ?? null) : null
  return [
    {
      path: paths.pamStack,
      content: method.stack(policy, facts, grace && graceRemark(grace)),
      mode,
      owner,
      group,
      reason: `the factor's own PAM stack (${method.name})`,
    },
    enrolFile(script),
    {
      path: paths.pamSshd,
      content: applyPamEdit(pamSshd.content, {
        path: paths.pamSshd,
        feature: mfaFeature.name,
        replaces: (line) => os.asksPassword(line),
        lines: [stackLine],
      }),
      mode,
      owner,
      group,
      reason: 'ssh logins are asked for the factor in place of the UNIX password',
    },
    ...sshdFilesOn(facts, policy.exemptGroups),
    ...timerFiles(grace),
  ]
}

/** The reverse, in the reverse order. Factor files of users stay: they are theirs. */
export function filesOff(facts: Facts): DesiredFile[] {
  const { content, mode, owner, group } = withText(facts, paths.pamSshd)
  const original = revertPamEdit(content, { path: paths.pamSshd, feature: mfaFeature.name })
  return [
    ...timerFiles(undefined).reverse(),
    ...sshdFilesOff(facts),
    {
      path: paths.pamSshd,
      content: original,
      mode,
      owner,
      group,
      reason: 'ssh logins are asked for what the distribution asks',
    },
    enrolFile(null),
    { path: paths.pamStack, content: null, ...root, reason: 'no longer included' },
  ]
}

function enrolFile(content: string | null): DesiredFile {
  const reason =
    content === null ? 'nobody is made to enrol at login' : 'makes people enrol in their first interactive shell'
  return { path: paths.enrolScript, content, ...root, reason }
}
