/** Values of the domain for tests of views, files and commands. */
import type { Change } from '../../src/domain/change.js'
import { digestText, digestValue } from '../../src/domain/digest.js'
import type { Account, Facts, Inspection } from '../../src/domain/facts.js'
import type { Host } from '../../src/domain/host.js'
import type { HostResult, Outcome } from '../../src/domain/outcome.js'
import { withDigest } from '../../src/domain/plan-digest.js'
import { planSchema, type Plan, type PlanBody } from '../../src/domain/plan.js'
import type { MfaPolicy } from '../../src/domain/policy.js'

export const policy: MfaPolicy = {
  feature: 'mfa',
  action: 'enable',
  method: 'totp',
  enrol: 'first-login',
  exemptGroups: ['robots'],
  skelKeys: [],
  settings: {},
  acceptLockout: [],
}

const text = 'KbdInteractiveAuthentication yes\n'

export const change: Change = {
  feature: 'mfa',
  summary: 'enable mfa (totp, enrolment at first login)',
  files: [
    {
      path: '/etc/ssh/sshd_config.d/00-bastionctl-mfa.conf',
      action: 'create',
      mode: '0644',
      owner: 'root',
      group: 'root',
      before: 'absent',
      after: digestText(text),
      content: text,
      diff: `--- /dev/null\n+++ b/etc/ssh/sshd_config.d/00-bastionctl-mfa.conf\n@@ -0,0 +1,1 @@\n+${text}`,
      reason: 'asks for the second factor',
    },
  ],
  accounts: [],
  packages: [{ name: 'libpam-google-authenticator', module: 'pam_google_authenticator.so' }],
  method: 'totp',
  factor: '%h/.google_authenticator',
  reads: [{ kind: 'file', name: '/etc/pam.d/sshd', digest: digestText('') }],
  logins: [
    {
      id: 'before',
      phase: 'baseline',
      account: 'admin',
      factor: 'none',
      answer: 'batch',
      expect: 'in',
      prompted: false,
    },
    {
      id: 'right',
      phase: 'rehearse',
      account: 'admin',
      factor: 'fresh',
      answer: 'right',
      expect: 'in',
      prompted: true,
    },
  ],
  expectations: [{ account: 'admin', keyword: 'kbdinteractiveauthentication', value: 'yes' }],
  lockouts: [{ account: 'ansible', reason: 'logs in without a terminal', accepted: true }],
  keyOnly: [{ account: 'backup', reason: 'in exempt group robots' }],
  access: [],
  notes: ['nothing else'],
  digest: 'c1',
}

const body: PlanBody = {
  schema: planSchema,
  id: '20260102T030405Z-abc123',
  createdAt: '2026-01-02T03:04:05.000Z',
  createdBy: 'ann@laptop',
  tool: 'bastionctl 0.1.0',
  region: 'eu-test-1',
  selector: 'tag:Role=bastion',
  policy,
  policyDigest: digestValue(policy),
  confirmWithin: 600,
  changes: [change],
  hosts: [
    { id: 'i-11', name: 'deb11', address: '192.0.2.11', describes: 'Debian 11, OpenSSH 8.4p1', change: 'c1' },
    { id: 'i-12', name: 'deb12', address: '192.0.2.12', describes: 'Debian 12, OpenSSH 9.2p1', change: 'c1' },
    { id: 'i-13', name: 'deb13', describes: 'Debian 13, OpenSSH 10.0p2' },
  ],
  waves: [['i-11'], ['i-12']],
}

/** Two hosts with the same change, one that needs none. */
export const plan = planWith({})

export function planWith(changed: Partial<PlanBody>): Plan {
  return withDigest({ ...body, ...changed })
}

export const noChanges = planWith({
  changes: [],
  waves: [],
  hosts: [{ id: 'i-13', name: 'deb13', describes: 'Debian 13, OpenSSH 10.0p2' }],
})

export function result(outcome: Outcome, changed: Partial<HostResult> = {}): HostResult {
  return { id: 'i-11', name: 'deb11', outcome, steps: [], logins: [], ...changed }
}

export const host: Host = {
  id: 'i-11',
  name: 'deb11',
  address: '192.0.2.11',
  tags: { Role: 'bastion' },
  kind: 'ec2',
  state: 'running',
  agent: 'online',
  platform: 'Debian GNU/Linux',
}

const account: Account = {
  name: 'admin',
  uid: 1000,
  home: '/home/admin',
  shell: '/bin/bash',
  groups: ['sudo'],
  password: 'locked',
  expired: false,
  sudo: true,
  enrolled: true,
  factors: ['home'],
  keys: [],
  logins: { lately: true, withoutTerminal: 0 },
  effective: {},
}

export const inspection: Inspection = {
  facts: {
    digest: 'f1',
    os: { id: 'debian', idLike: [], versionId: '11', prettyName: 'Debian GNU/Linux 11 (bullseye)' },
    sshd: { version: '8.4p1', running: true },
    files: [],
    pamModules: [],
    accounts: [account],
    groups: [],
    selinux: 'disabled',
    missingTools: [],
    opensSeals: true,
    changes: [
      { id: 'c-old', feature: 'mfa', state: 'confirmed', who: 'ann@laptop', at: 1_767_323_045, summary: 'enable mfa' },
    ],
  } as unknown as Facts,
  moment: {
    now: 1_767_323_100,
    hostname: 'deb11',
    pending: { id: 'c-new', state: 'proven', who: 'bob@desk', since: 1_767_323_000, deadline: 1_767_323_400 },
  },
}
