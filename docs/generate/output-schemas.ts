/** What commands print under --json, as zod schemas: published as JSON Schema, and held against real output in the tests. */
import * as z from 'zod'
import type {
  ChangeOutput,
  ExplainOutput,
  HistoryOutput,
  HostsOutput,
  StatusOutput,
  TargetOutput,
  UsersOutput,
  WhoOutput,
  VerifyOutput,
} from '../../src/cli/outputs.js'
import { offerKinds } from '../../src/domain/drift.js'
import { exitCodes, type ExitName } from '../../src/domain/exit-codes.js'
import { outcomes } from '../../src/domain/outcome.js'
import { planFile } from '../../src/domain/plan-schema.js'
import { steps } from '../../src/domain/steps.js'
import { enterings } from '../../src/features/hardening/today.js'

/** Which keys a value may have, at every depth. */
type Keys<T> = T extends readonly (infer U)[]
  ? readonly Keys<U>[]
  : T extends object
    ? { [K in keyof T]-?: Keys<T[K]> }
    : unknown

/** A schema with every key that the output may have: a strict one refuses what it lacks, and to TypeScript what may be absent need not be there. */
function schemaOf<Out>() {
  return <S extends z.ZodType<Out>>(schema: [Keys<z.output<S>>] extends [Keys<Out>] ? S : never): S => schema
}

const exit = z.enum(Object.keys(exitCodes) as [ExitName, ...ExitName[]])
const optional = z.string().exactOptional()
const seconds = z.number().describe('epoch seconds')

/** What every listing of hosts has of each. */
const listedHost = z.strictObject({ id: z.string(), name: z.string(), problem: optional })

const step = z.strictObject({
  step: z.string().describe(`one of ${steps.join(', ')}; one may be there more than once`),
  result: z.enum(['ok', 'failed', 'skipped']),
  ms: z.number().describe("milliseconds, by the host's clock"),
  detail: optional,
})

const login = z.strictObject({
  id: z.string(),
  phase: z.string(),
  account: z.string(),
  got: z.enum(['in', 'refused']).describe('what was seen'),
  expect: z.enum(['in', 'refused']),
  keyAccepted: z.boolean(),
  prompted: z.boolean().describe('sshd asked for a code or a password'),
  ok: z.boolean(),
})

const recordedChange = z.strictObject({
  id: z.string(),
  feature: z.string(),
  state: z.string(),
  who: z.string(),
  at: seconds,
  summary: z.string(),
})

const hostResult = z.strictObject({
  id: z.string(),
  name: z.string(),
  outcome: z.enum(outcomes),
  reason: optional.describe('the cause as a word for programs, such as clock-skew or locked'),
  detail: optional.describe('the cause in a sentence for people'),
  remark: optional.describe('what a proof could not show; it holds whatever becomes of the change'),
  deadline: seconds
    .exactOptional()
    .describe('epoch seconds: while it is pending, when its guard takes the change back'),
  change: optional.describe('id of the change on this host that the result speaks of'),
  recorded: recordedChange.exactOptional().describe('of a roll back: that change as the host had it on record before'),
  steps: z.array(step).readonly(),
  offers: z
    .strictObject({
      asked: z.number(),
      today: z.number(),
      after: z.number(),
      lost: z
        .array(z.string())
        .readonly()
        .describe('ACCOUNT FINGERPRINT of those it would accept no longer: the first ten'),
      unaccepted: z
        .array(z.string())
        .readonly()
        .describe('the same of those that it does not accept today: the first five'),
    })
    .exactOptional()
    .describe("how many keys of all accounts the host's sshd was offered, accepts today and would accept afterwards"),
  keyless: z
    .array(z.string())
    .readonly()
    .exactOptional()
    .describe('of a rehearsal: accounts whose password goes, and of which sshd accepts no key that opens a session'),
  logins: z.array(login).readonly(),
})

const report = z.strictObject({ id: z.string(), results: z.array(hostResult).readonly() })

const change = schemaOf<ChangeOutput>()(
  z.strictObject({
    exit,
    plan: planFile,
    rehearsal: report.exactOptional(),
    report: report.exactOptional(),
  }),
)

const target = schemaOf<TargetOutput>()(z.strictObject({ exit, report }))

const pending = z.strictObject({
  id: z.string(),
  state: z.string(),
  who: z.string(),
  since: seconds,
  deadline: seconds,
})

const agent = z.enum(['online', 'offline', 'unmanaged'])

const mfa = z.strictObject({
  on: z.boolean(),
  method: optional,
  enrol: optional,
  enrolled: z.array(z.string()).readonly(),
  keyOnly: z.array(z.strictObject({ account: z.string(), reason: z.string() })).readonly(),
  refused: z
    .array(z.strictObject({ account: z.string(), reason: z.string() }))
    .readonly()
    .exactOptional(),
  notEnrolled: z.array(z.string()).readonly(),
  neverAsked: z
    .array(
      z.strictObject({
        account: z.string(),
        shell: z.string(),
        keys: z.literal('no-terminal').exactOptional(),
        helper: z.enum(['name', 'shared-uid']).exactOptional(),
      }),
    )
    .readonly(),
})

const sunset = z.strictObject({
  at: seconds,
  by: z.string(),
  tried: z.strictObject({ at: seconds, outcome: z.string(), reason: z.string(), detail: z.string() }).exactOptional(),
  secondsLeft: z.number(),
})

const status = schemaOf<StatusOutput>()(
  z.strictObject({
    exit,
    hosts: z
      .array(
        listedHost.extend({
          agent,
          now: seconds.exactOptional(),
          busy: z.strictObject({ who: z.string(), since: seconds }).exactOptional(),
          pending: pending.extend({ secondsLeft: z.number() }).exactOptional(),
          changes: z.array(recordedChange).readonly().exactOptional(),
          mfa: mfa.exactOptional(),
          sunset: sunset.exactOptional(),
          hardening: z.strictObject({ level: z.string(), forwarding: optional }).exactOptional(),
          drift: z.array(z.string()).readonly().exactOptional(),
        }),
      )
      .readonly(),
  }),
)

const packageEvent = z.strictObject({ at: seconds, name: z.string(), from: optional, to: z.string() })

const cause = z
  .strictObject({
    by: z.enum(['package', 'cloud-init', 'edit']),
    at: seconds,
    package: packageEvent.exactOptional(),
  })
  .exactOptional()

const decider = z
  .strictObject({ path: z.string(), line: z.number() })
  .describe("the line that decides; line 0: an option on sshd's command line")

const origin = z
  .strictObject({
    address: optional,
    host: optional,
    localAddress: optional,
    localPort: z.number().exactOptional(),
  })
  .describe('for logins from there alone: sshd tells them apart by a Match line')

const drift = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('file'),
    path: z.string(),
    change: z.string(),
    what: z.enum(['edited', 'missing', 'undone', 'back', 'access']),
    wanted: optional,
    found: optional,
    cause,
  }),
  z.strictObject({
    kind: z.literal('foreign-file'),
    path: z.string(),
    change: z.string(),
    what: z.enum(['new', 'edited', 'missing']),
    cause,
  }),
  z.strictObject({
    kind: z.literal('value'),
    accounts: z.array(z.string()).readonly(),
    from: origin.exactOptional(),
    keyword: z.string(),
    wanted: z.string(),
    found: optional,
    change: z.string(),
    decidedBy: decider.exactOptional(),
    cause,
  }),
  z.strictObject({ kind: z.literal('sunset'), at: seconds, text: z.string() }),
  z.strictObject({ kind: z.literal('sshd-refuses'), text: z.string() }),
  z.strictObject({
    kind: z.literal('sshd-replaced'),
    path: z.string(),
    since: seconds.exactOptional(),
    cause,
  }),
  z.strictObject({
    kind: z.literal('command-line'),
    of: z.enum(['running', 'unit', 'both']),
    wanted: optional,
    found: optional,
    change: z.string(),
  }),
  z.strictObject({ kind: z.literal('unit-unread'), unit: z.string() }),
  z.strictObject({
    kind: z.literal('sshd-behind'),
    what: z.enum(offerKinds),
    more: z.array(z.string()).readonly(),
    less: z.array(z.string()).readonly(),
  }),
])

const verify = schemaOf<VerifyOutput>()(
  z.strictObject({
    exit,
    hosts: z
      .array(
        listedHost.extend({
          agent,
          now: seconds.exactOptional(),
          busy: z.strictObject({ who: z.string(), since: seconds }).exactOptional(),
          pending: pending.exactOptional(),
          confirmed: recordedChange.exactOptional(),
          nothingConfirmed: z.literal(true).exactOptional(),
          checked: z.strictObject({ changes: z.number(), files: z.number(), values: z.number() }).exactOptional(),
          placesNotAsked: z.number().exactOptional(),
          drifted: z.boolean().exactOptional(),
          drift: z.array(drift).readonly().exactOptional(),
          packages: z.array(packageEvent).readonly().exactOptional(),
        }),
      )
      .readonly(),
  }),
)

const hosts = schemaOf<HostsOutput>()(
  z.strictObject({
    exit,
    hosts: z
      .array(
        z.strictObject({
          id: z.string(),
          name: z.string(),
          address: optional,
          otherAddresses: z.array(z.string()).readonly().exactOptional(),
          tags: z.record(z.string(), z.string()),
          kind: z.enum(['ec2', 'hybrid']),
          state: optional,
          agent,
          platform: optional,
          otherSystem: optional,
          lastSeen: optional,
          zone: optional,
          vpc: optional,
          os: optional,
          openssh: optional,
          pending: pending.exactOptional(),
          unfit: optional,
        }),
      )
      .readonly(),
  }),
)

const run = z.strictObject({
  id: z.string(),
  command: z.string(),
  startedAt: z.string(),
  finishedAt: optional,
  selector: z.string(),
  region: z.string(),
  endpoint: optional,
  exitCode: z.number().exactOptional(),
  hosts: z
    .array(z.strictObject({ id: z.string(), name: z.string(), outcome: z.enum(outcomes), reason: optional }))
    .readonly(),
})

const history = schemaOf<HistoryOutput>()(
  z.strictObject({
    exit,
    runs: z.array(run).readonly().exactOptional(),
    hosts: z
      .array(
        listedHost.extend({
          changes: z.array(recordedChange).readonly(),
          transcript: optional,
        }),
      )
      .readonly()
      .exactOptional(),
  }),
)

const explained = schemaOf<ExplainOutput>()(
  z.strictObject({
    exit,
    settings: z
      .array(
        z.strictObject({
          keyword: z.string(),
          baseline: optional,
          strict: optional,
          reason: z.string(),
          source: z.string(),
          since: optional,
          releases: optional,
          fips: optional,
          breaks: z.string(),
        }),
      )
      .readonly(),
  }),
)

const who = schemaOf<WhoOutput>()(
  z.strictObject({
    exit,
    hosts: z
      .array(
        listedHost.extend({
          keys: z
            .array(
              z.strictObject({
                account: z.string(),
                sudo: z.boolean().describe('becomes root by sudo, in a session'),
                key: z.string(),
                accepted: z
                  .boolean()
                  .exactOptional()
                  .describe("what the host's sshd answered when the key was offered"),
                enters: z.enum(enterings),
                byRule: z
                  .literal(true)
                  .exactOptional()
                  .describe('there is no key at hand to offer: a certificate, or a key that a command hands out'),
                why: optional,
              }),
            )
            .readonly()
            .exactOptional(),
          hostKeys: z
            .array(z.strictObject({ type: z.string(), bits: z.number(), fingerprint: z.string() }))
            .readonly()
            .exactOptional(),
          notAskedAbout: z
            .array(z.string())
            .readonly()
            .exactOptional()
            .describe('accounts that no row is about, with the reason'),
          otherSources: z
            .array(z.string())
            .readonly()
            .exactOptional()
            .describe('lines of sshd that let keys in which cannot be offered'),
        }),
      )
      .readonly(),
  }),
)

const userKey = z.strictObject({
  type: z.string(),
  bits: z.number(),
  fingerprint: z.string(),
  comment: z.string(),
  options: z.array(z.string()).readonly().describe('names of the options on its line'),
  file: optional.describe('where it stands, if not in the first file that sshd reads for the account, below its home'),
  fixed: optional.describe('why no key can be taken out of its file, which is named'),
  expires: optional.describe(
    'its expiry-time as it stands there: YYYYMMDD, with hours, minutes and seconds, with Z for UTC',
  ),
  expired: z.literal(true).exactOptional().describe('that has passed, by the clock of the host'),
  since: seconds
    .exactOptional()
    .describe('epoch seconds: its file was last written then, so that it has been there since then at the latest'),
})

const userAt = z.strictObject({
  host: z.string().describe('id of the host'),
  sudo: z.boolean().describe('becomes root by sudo, in a session'),
  password: z.enum(['set', 'locked', 'empty']),
  expired: z.boolean(),
  expires: seconds
    .exactOptional()
    .describe('epoch seconds: from when on it is refused, the end of its last day; absent where it never is'),
  enrolled: z.boolean(),
  factorWritten: seconds
    .exactOptional()
    .describe("epoch seconds: the factor's file was last written then, at enrolment or when a code was last used"),
  factorSince: seconds
    .exactOptional()
    .describe(
      'epoch seconds: it has this factor since then, as bastionctl has noted in it when it made it; absent where others have. ' +
        'With secrets in homes the person can change it',
    ),
  locked: z
    .literal(true)
    .exactOptional()
    .describe('by remove-user --lock, or by hand: expired since the beginning of time'),
  managed: z
    .literal(true)
    .exactOptional()
    .describe('bastionctl has made or adopted the account: sync-users may change it and take it off'),
  shell: optional.describe('only where it opens no session: its keys may open SFTP or forward ports'),
  lastLogin: seconds.exactOptional().describe("epoch seconds: the newest in sshd's log of 30 days, wtmp and lastlog"),
  keys: z.array(userKey).readonly(),
})

const difference = z
  .strictObject({
    host: z.string(),
    what: z.enum(['account', 'key', 'key-options', 'sudo', 'factor', 'password', 'expiry']),
    fingerprint: optional,
    found: z.string(),
    elsewhere: z.string(),
    values: z
      .array(z.string())
      .readonly()
      .exactOptional()
      .describe(
        'with key-options: the options that have another value than on most hosts; the values stay on the hosts',
      ),
  })
  .describe('what one host has otherwise than most do')

const users = schemaOf<UsersOutput>()(
  z.strictObject({
    exit,
    hosts: z
      .array(
        listedHost.extend({
          now: seconds.exactOptional(),
          otherSources: z.array(z.string()).readonly().exactOptional(),
        }),
      )
      .readonly(),
    users: z
      .array(
        z.strictObject({
          name: z.string(),
          on: z.array(userAt).readonly(),
          differences: z.array(difference).readonly(),
        }),
      )
      .readonly(),
    maxKeyAge: z.number().exactOptional().describe('seconds'),
    oldKeys: z
      .array(
        z.strictObject({
          account: z.string(),
          fingerprint: z.string(),
          hosts: z.array(z.string()).readonly(),
          since: seconds,
        }),
      )
      .readonly()
      .exactOptional()
      .describe('keys that have surely been in place for longer than that'),
  }),
)

const error = z.strictObject({
  error: z.strictObject({
    code: exit,
    exitCode: z.number(),
    message: z.string(),
    hint: optional,
    lockouts: z
      .array(
        z.strictObject({
          host: z.string(),
          name: z.string(),
          account: z.string(),
          reason: z.string(),
          unattended: z.boolean().exactOptional(),
        }),
      )
      .readonly()
      .exactOptional(),
  }),
})

export const outputSchemas = {
  'enable-mfa': change,
  'add-user': change,
  'disable-mfa': change,
  harden: change,
  explain: explained,
  apply: change,
  confirm: target,
  'remove-user': change,
  'reset-mfa': change,
  'new-codes': change,
  'rotate-key': change,
  rollback: target,
  status,
  'sync-users': change,
  users,
  who,
  verify,
  hosts,
  history,
  error,
} as const
