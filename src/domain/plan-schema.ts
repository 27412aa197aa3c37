/** The plan's file format. docs/schemas/plan.json is generated from it; the types are plan.ts's and are compared below. */
import * as z from 'zod'
import { longestGuard, shortestGuard } from './duration.js'
import { planSchema, type Plan } from './plan.js'
import { factorEdits, forwardings, hardenLevels, homes, newFactors, secretStores } from './policy.js'

const digest = z.string().regex(/^(?:[0-9a-f]{64}|absent)$/, 'expected a SHA-256 in lower-case hex, or "absent"')
const mode = z.string().regex(/^[0-7]{4}$/, 'expected four octal digits')
const path = z.string().regex(/^\/[^\0\n\r]*$/, 'expected an absolute path')

const fileEdit = z.strictObject({
  path,
  action: z.enum(['create', 'update', 'remove']),
  mode,
  owner: z.string(),
  group: z.string(),
  before: digest.describe('SHA-256 of the content that is there'),
  after: digest,
  content: z.string().exactOptional(),
  diff: z.string(),
  reason: z.string(),
})

const read = z.strictObject({
  kind: z.enum(['file', 'folder', 'group', 'account', 'people', 'sshd']),
  name: z.string(),
  digest: z.string(),
})

const login = z.strictObject({
  id: z.string(),
  phase: z.enum(['baseline', 'rehearse', 'prove']),
  account: z.string(),
  factor: z.enum(['none', 'fresh', 'own']),
  answer: z.enum(['batch', 'none', 'right', 'wrong', 'replay']),
  expect: z.enum(['in', 'refused']),
  prompted: z.boolean(),
})

const keyOnly = z.strictObject({ account: z.string(), reason: z.string() })

const accountEdit = z.strictObject({
  name: z.string(),
  action: z.enum(['create', 'update', 'remove']),
  uid: z.int().exactOptional().describe('absent: the host chooses'),
  shell: z.string().describe('of a new account'),
  comment: z.string().describe('of a new account'),
  groups: z.array(z.string()).readonly().describe('to be a member of, beside those it is in'),
  leaveGroups: z.array(z.string()).readonly().exactOptional().describe('to be a member of no longer'),
  expires: z
    .string()
    .regex(/^(?:\d{4}-\d{2}-\d{2}|never|)$/, 'expected YYYY-MM-DD, "never", or nothing')
    .describe('the last day with access: it is refused from the end of it on; "never"; or empty: as it is'),
  home: z.enum(homes).describe('what becomes of the home of an account that is removed'),
  archive: path.exactOptional().describe('folder for an archived home; absent: the one beside homes'),
  giveKeys: z
    .array(
      z.strictObject({
        line: z.string(),
        type: z.string(),
        blob: z.string(),
        fingerprint: z.string(),
        offered: z.boolean().describe('sshd is asked about it on the host itself; not where the line has from='),
      }),
    )
    .readonly(),
  takeKeys: z.array(z.string()).readonly().describe('fingerprints of keys that go'),
  factor: z
    .enum(['totp', 'codes', 'gone', 'moved'])
    .exactOptional()
    .describe(
      'totp: a new secret with scratch codes; codes: new scratch codes for the secret that is there; gone: none any more; moved: from the other place; absent: as it is',
    ),
  reason: z.string(),
})

const change = z.strictObject({
  feature: z.string(),
  summary: z.string(),
  files: z.array(fileEdit).readonly(),
  accounts: z.array(accountEdit).readonly(),
  packages: z.array(z.strictObject({ name: z.string(), module: z.string() })).readonly(),
  method: z.string().regex(/^[a-z][a-z\d]*$/),
  factor: z.string(),
  factorFrom: z.string().exactOptional(),
  factorOther: z.string().exactOptional(),
  reads: z.array(read).readonly(),
  logins: z.array(login).readonly(),
  expectations: z
    .array(
      z.strictObject({
        account: z.string(),
        keyword: z.string(),
        value: z.string(),
        loopback: z.literal(true).exactOptional(),
      }),
    )
    .readonly(),
  lockouts: z
    .array(
      keyOnly.extend({
        accepted: z.boolean().describe('it is what was asked for, or the operator has agreed to it'),
        unattended: z
          .literal(true)
          .exactOptional()
          .describe('only logins where nobody can answer a code are lost: a person at a terminal gets in'),
        keys: z
          .array(z.string())
          .readonly()
          .exactOptional()
          .describe('it is these keys alone, by fingerprint, that are to be refused'),
      }),
    )
    .readonly()
    .describe('who gets in today and would not'),
  keyOnly: z.array(keyOnly).readonly().describe('who would still get in by key alone, and why'),
  access: z
    .array(
      z.strictObject({
        account: z.string(),
        sudo: z.boolean().describe('an administrator: becomes root by sudo, in a session'),
        key: z.string().describe('the key, or another way in, such as a certificate or a password'),
        today: z.boolean().describe('whether sshd lets it in'),
        after: z.boolean().describe('whether sshd would let it in'),
        why: z.string().exactOptional().describe('what decides, where the two differ'),
        alsoOf: z.string().exactOptional().describe('whose key it is as well, who loses it by the change'),
        byRule: z.literal(true).exactOptional().describe('there is no key at hand to ask sshd about'),
        forced: z.literal(true).exactOptional().describe('it runs a command, and opens no session'),
        unasked: z
          .literal(true)
          .exactOptional()
          .describe(
            'what sshd answers to the key does not tell: it cannot be offered on the host (from=), or something else keeps the account out',
          ),
      }),
    )
    .readonly(),
  byRule: z
    .array(z.string())
    .readonly()
    .exactOptional()
    .describe('administrators who are all that is left, and whose way in nothing but their own login can try'),
  byOffer: z
    .array(z.string())
    .readonly()
    .exactOptional()
    .describe("administrators who stay although nobody can be tried: sshd's answer to their keys stands in"),
  spared: z
    .array(z.strictObject({ account: z.string(), except: z.array(z.string()).readonly() }))
    .readonly()
    .exactOptional(),
  notes: z.array(z.string()).readonly(),
  stays: z.array(z.string()).readonly().exactOptional().describe('what is asked for and not done, a sentence each'),
  sunset: z
    .strictObject({
      at: z.int(),
      summary: z.string(),
      files: z.array(fileEdit).readonly(),
      reads: z.array(read).readonly(),
      logins: z.array(login).readonly(),
      out: z.array(keyOnly).readonly(),
    })
    .exactOptional(),
  digest: z.string(),
})

const mfaPolicy = z.strictObject({
  feature: z.literal('mfa'),
  action: z.enum(['enable', 'disable']),
  method: z.string(),
  enrol: z.enum(['first-login', 'required']),
  grace: z.strictObject({ seconds: z.int(), until: z.int() }).exactOptional(),
  exemptGroups: z.array(z.string()).readonly(),
  secretStore: z.enum(secretStores).exactOptional(),
  skelKeys: z.array(z.string()).readonly(),
  countOn: z.array(z.string()).readonly().exactOptional(),
  keptOut: z.array(z.string()).readonly().exactOptional(),
  otherSshd: z.boolean().exactOptional(),
  settings: z.record(z.string(), z.union([z.string(), z.int(), z.boolean()])),
  acceptLockout: z.array(z.string()).readonly(),
})

const hardenPolicy = z.strictObject({
  feature: z.literal('hardening'),
  level: z.enum(hardenLevels),
  forwarding: z.enum(forwardings),
  agentForwarding: z.boolean(),
  x11Forwarding: z.boolean(),
  banner: z.string().nullable(),
  idleTimeout: z.int().nullable(),
  allowGroups: z.array(z.string()).readonly(),
  leave: z.array(z.string()).readonly(),
  countOn: z.array(z.string()).readonly().exactOptional(),
  keptOut: z.array(z.string()).readonly().exactOptional(),
  otherSshd: z.boolean().exactOptional(),
  acceptLockout: z.array(z.string()).readonly(),
})

const addUserPolicy = z.strictObject({
  feature: z.literal('users'),
  action: z.literal('add'),
  name: z.string(),
  keys: z.array(z.string()).readonly().describe('lines of authorized_keys'),
  sudo: z.boolean().describe('may become root, without a password'),
  groups: z.array(z.string()).readonly(),
  shell: z.string(),
  comment: z.string(),
  expires: z.string().describe('the last day with access, "never", or empty: as it is'),
  uid: z.int().nullable().describe('null: each host chooses'),
  factor: z.enum(newFactors),
  adopt: z.boolean(),
  unlock: z.boolean(),
  asOf: z.string(),
  operators: z.array(z.string()).readonly(),
  acceptLockout: z.array(z.string()).readonly(),
})

const removeUserPolicy = z.strictObject({
  feature: z.literal('users'),
  action: z.literal('remove'),
  name: z.string(),
  home: z.enum(homes),
  archive: z.string(),
  lock: z.boolean(),
  operators: z.array(z.string()).readonly(),
  acceptLockout: z.array(z.string()).readonly(),
})

const rotateKeyPolicy = z.strictObject({
  feature: z.literal('users'),
  action: z.literal('rotate'),
  name: z.string(),
  keys: z.array(z.string()).readonly(),
  remove: z.array(z.string()).readonly(),
  asOf: z.string(),
  operators: z.array(z.string()).readonly(),
  acceptLockout: z.array(z.string()).readonly(),
})

const syncUsersPolicy = z.strictObject({
  feature: z.literal('users'),
  action: z.literal('sync'),
  source: z.string(),
  readOn: z.string(),
  users: z
    .array(
      z.strictObject({
        name: z.string(),
        keys: z.array(z.string()).readonly(),
        sudo: z.boolean().nullable().describe('null: the source says nothing of it'),
        groups: z.array(z.string()).readonly().nullable().describe('null: the source says nothing of them'),
        shell: z.string(),
        comment: z.string(),
        expires: z.string(),
        uid: z.int().nullable(),
      }),
    )
    .readonly(),
  home: z.enum(homes),
  archive: z.string(),
  operators: z.array(z.string()).readonly(),
  maxRemovals: z.strictObject({ unit: z.enum(['accounts', 'percent']), value: z.int() }),
  acceptLockout: z.array(z.string()).readonly(),
})

const factorPolicy = z.strictObject({
  feature: z.literal('users'),
  action: z.literal('factor'),
  name: z.string(),
  factor: z.enum(factorEdits),
  reason: z.string(),
  acceptLockout: z.array(z.string()).readonly(),
})

const usersPolicy = z.discriminatedUnion('action', [
  addUserPolicy,
  removeUserPolicy,
  rotateKeyPolicy,
  syncUsersPolicy,
  factorPolicy,
])

const plannedHost = z.strictObject({
  id: z.string(),
  name: z.string(),
  address: z.string().exactOptional(),
  otherAddresses: z.array(z.string()).readonly().exactOptional(),
  describes: z.string(),
  behind: z.array(z.string()).readonly().exactOptional(),
  change: z.string().exactOptional().describe('digest of its change; absent where nothing has to change'),
  stays: z
    .array(z.string())
    .readonly()
    .exactOptional()
    .describe('of a host without a change: what is asked for and not done there'),
  rehearsed: z.boolean().exactOptional().describe('whether this host has rehearsed the logins (--rehearse)'),
})

export const planFile = z.strictObject({
  schema: z.literal(planSchema),
  id: z.string().regex(/^\d{8}T\d{6}Z-[0-9a-z]{6}$/, 'expected an id like 20260102T030405Z-abc123'),
  createdAt: z.string(),
  createdBy: z.string(),
  tool: z.string(),
  region: z.string(),
  selector: z.string(),
  policy: z.discriminatedUnion('feature', [mfaPolicy, hardenPolicy, usersPolicy]),
  policyDigest: z.string(),
  confirmWithin: z.int().min(shortestGuard).max(longestGuard),
  changes: z.array(change).readonly(),
  hosts: z.array(plannedHost).readonly(),
  waves: z.array(z.array(z.string()).readonly()).readonly(),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
}) satisfies z.ZodType<Plan>
