/** The files of the feature, switched on and switched off. */
import type { DesiredFile } from '../../domain/change.js'
import type { Facts } from '../../domain/facts.js'
import type { MfaPolicy, SecretStore } from '../../domain/policy.js'
import type { OsProfile } from '../../os/index.js'
import { applyPamEdit, revertPamEdit } from '../../render/pam-edit.js'
import { renderedBy } from '../../render/template.js'
import { graceRemark, timerFiles, type GraceState } from './grace.js'
import type { Enrolment, MfaMethod } from './method.js'
import { mfaFeature, withText } from '../sshd-files.js'
import { paths } from './paths.js'
import { skelFile } from './skel.js'
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
  more: {
    readonly store: SecretStore
    readonly exemptAccounts: readonly string[]
    readonly grace?: GraceState | undefined
  },
): DesiredFile[] {
  const { store, exemptAccounts, grace } = more
  const pamSshd = withText(facts, paths.pamSshd)
  const { mode, owner, group } = pamSshd
  const enrolment =
    policy.enrol === 'first-login'
      ? method.enrolment?.(policy, store, { exemptAccounts, ...(grace ? { until: grace.until } : {}) })
      : undefined
  return [
    {
      path: paths.pamStack,
      content: renderedBy(method.stack(policy, store, grace && graceRemark(grace))),
      mode,
      owner,
      group,
      reason: `the factor's own PAM stack (${method.name})`,
    },
    ...enrolFiles(enrolment),
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
    skelFile(facts, policy.skelKeys),
    ...timerFiles(grace),
  ]
}

/** The reverse, in the reverse order. Factor files of users stay: they are theirs. */
export function filesOff(facts: Facts): DesiredFile[] {
  const { content, mode, owner, group } = withText(facts, paths.pamSshd)
  const original = revertPamEdit(content, { path: paths.pamSshd, feature: mfaFeature.name })
  return [
    ...timerFiles(undefined).reverse(),
    skelFile(facts, []),
    ...sshdFilesOff(facts),
    {
      path: paths.pamSshd,
      content: original,
      mode,
      owner,
      group,
      reason: 'ssh logins are asked for what the distribution asks',
    },
    ...enrolFiles(undefined).reverse(),
    { path: paths.pamStack, content: null, ...root, reason: 'no longer included' },
  ]
}

/** The helper is there before anybody may call it, and callable before anybody is told to. */
function enrolFiles(enrolment: Enrolment | undefined): DesiredFile[] {
  const { script, helper } = enrolment ?? {}
  return [
    {
      path: paths.enrolHelper,
      content: helper ? renderedBy(helper.program) : null,
      ...root,
      mode: '0755',
      reason: helper ? 'writes the factor of whoever enrols, who cannot do it themselves' : notByThemselves,
    },
    {
      path: paths.enrolSudoers,
      content: helper ? renderedBy(helper.sudoers) : null,
      ...root,
      mode: '0440',
      reason: helper ? 'lets everybody start that one program as root, without arguments' : notByThemselves,
    },
    {
      path: paths.enrolScript,
      content: script ? renderedBy(script) : null,
      ...root,
      reason: script ? 'makes people enrol in their first interactive shell' : 'nobody is made to enrol at login',
    },
  ]
}

const notByThemselves = 'nobody needs help to enrol'
