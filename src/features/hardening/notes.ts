/** Remarks for the reviewer: what the level cannot do on this host, what comes back with stock, and what sshd cannot be asked about. */
import type { Account, Facts } from '../../domain/facts.js'
import type { HardenPolicy } from '../../domain/policy.js'
import { atLeast } from '../../os/openssh.js'
import { foreignDirectives } from '../foreign.js'
import { acceptedBy } from '../mfa/elsewhere.js'
import { effective, namesHost } from '../mfa/entry.js'
import { hardeningFeature } from '../sshd-files.js'
import { withGoodKeys, type Access } from './access.js'
import { signingSha1 } from './algorithms.js'
import { comesBack } from './back.js'
import type { Intents } from './intents.js'
import { soundOf } from './stricter.js'

export function notesOf(policy: HardenPolicy, facts: Facts, { lines, left }: Intents): string[] {
  if (policy.level === 'stock') return comesBack(facts)
  const hostKeys = lines.find(({ keyword }) => keyword === 'HostKeyAlgorithms')?.value
  const tries = lines.find(({ keyword }) => keyword === 'MaxAuthTries')?.value
  return [
    ...left.map(({ keyword, why }) => `${keyword}: ${why}`),
    ...keysFromElsewhere(facts),
    ...namesOfHosts(facts, lines),
    ...vouchedNoMore(facts, lines),
    ...oldClients(policy, facts, lines),
    ...(tries === undefined
      ? []
      : [
          `MaxAuthTries ${tries}: an agent that offers ${tries} wrong keys first is cut off; its owner sets IdentitiesOnly yes`,
        ]),
    ...(hostKeys !== undefined && !hostKeys.includes('ecdsa')
      ? [
          'clients that know a host by its ECDSA key will ask anew; no key is made anew: publish the fingerprints that "bastionctl who" prints (lock-out 18)',
        ]
      : []),
    ...(atLeast(facts.sshd.version, '9.8')
      ? [
          'PerSourcePenalties judges everybody behind one address (NAT) together: PerSourcePenaltyExemptList is yours to set',
        ]
      : []),
  ]
}

/**
 * Accounts with an RSA key that stays, where SHA-1 signatures go: by which of them its clients sign is in no log of sshd's. Programs come
 * first: nobody sees them fail.
 */
export function signersOf(access: readonly Access[]): string[] {
  const byRsa = ({ keys, logins }: Account): boolean =>
    keys.some(({ type, options }) => type === 'ssh-rsa' && !options.includes('cert-authority')) ||
    (logins.elsewhere ?? []).some(({ type }) => type.startsWith('RSA'))
  const sha1 = ({ effective: values }: Account): boolean => acceptedBy(values)?.includes('ssh-rsa') === true
  const signers = access
    .filter(({ before, after, today, later }) => today && later && sha1(before) && !sha1(after))
    .filter(({ after }) => byRsa(withGoodKeys(after)))
    .map(({ before }) => before)
  const named = (accounts: readonly Account[]): string[] => {
    const more = accounts.length > 10 ? [`${String(accounts.length - 10)} more`] : []
    return accounts.length === 0 ? [] : [[...accounts.slice(0, 10).map(({ name }) => name), ...more].join(', ')]
  }
  const alone = ({ logins: { withoutTerminal = 0 } }: Account): boolean => withoutTerminal > 0
  const [programs, others] = [named(signers.filter(alone)), named(signers.filter((one) => !alone(one)))]
  const clients = [...programs.map((names) => `${names} (logged in without a terminal within 30 days)`), ...others]
  return clients.length === 0
    ? []
    : [
        `PubkeyAcceptedAlgorithms: RSA keys get in by SHA-2 alone, and no log tells whose clients sign with SHA-1 (${signingSha1}): see to those of ${clients.join(', then of ')}, or keep it with --leave PubkeyAcceptedAlgorithms`,
      ]
}

/** Clients that do not get as far as a key: a list loses the last of what they know. */
function oldClients({ level }: HardenPolicy, { accounts }: Facts, lines: Intents['lines']): string[] {
  const today = accounts[0]?.effective ?? {}
  const told = lines.flatMap(({ keyword, value, setting: { breaks } }) => {
    const has = today[keyword.toLowerCase()]?.[0]
    if (has === undefined || !['MACs', 'KexAlgorithms', 'HostKeyAlgorithms'].includes(keyword)) return []
    const [shared = '', atStrict] = breaks.split('; strict: ')
    const sound = soundOf(has)
    // The host's ECDSA key has a note of its own.
    const fewer = keyword !== 'HostKeyAlgorithms' && sound.split(',').some((name) => !value.split(',').includes(name))
    if (level === 'strict' && fewer) return [`${keyword}: ${atStrict ?? shared}`]
    return sound !== has && soundOf(value) === value ? [`${keyword}: ${shared}`] : []
  })
  return told.length === 0 ? [] : [`old clients connect no more, whatever their key: ${told.join('; ')}`]
}

/** What counted by the name of a host, once sshd asks DNS no more: it sees addresses then. */
function namesOfHosts(facts: Facts, lines: Intents['lines']): string[] {
  const { accounts } = facts
  if (!turnsOff(facts, lines, 'UseDNS')) return []
  const lists = ['AllowUsers', 'DenyUsers'].flatMap((keyword) =>
    [...new Set(accounts.flatMap(({ effective: values }) => values[keyword.toLowerCase()] ?? []))]
      .filter(namesHost)
      .map((pattern) => `${keyword} ${pattern}`),
  )
  const blocks = foreignDirectives(facts, hardeningFeature)
    .filter(({ match = [] }) =>
      match.some((word, at) => /^host(?:=|$)/i.test(word) && namesHost(`@${match[at + 1] ?? word}`)),
    )
    .map((one) => `Match ${(one.match ?? []).join(' ')} of ${one.path}`)
  const keys = accounts.flatMap(({ name, keys: own }) =>
    own.some(({ fromNames }) => fromNames === 'some') ? [`from= of keys of ${name}`] : [],
  )
  return [...new Set([...lists, ...blocks, ...keys])].map(
    (what) => `UseDNS no: the names of hosts in ${what} count no longer, addresses do`,
  )
}

/** Who may come so is written nowhere but in sshd's log. */
function vouchedNoMore(facts: Facts, lines: Intents['lines']): string[] {
  return [
    ['HostbasedAuthentication', 'by the word of another host'],
    ['GSSAPIAuthentication', 'by Kerberos ticket'],
  ].flatMap(([keyword = '', how = '']) =>
    turnsOff(facts, lines, keyword)
      ? [
          `${keyword} no: whoever comes ${how} does not any more; the table has those whose logins of 30 days were so, and of others nobody knows`,
        ]
      : [],
  )
}

function turnsOff({ accounts }: Facts, lines: Intents['lines'], keyword: string): boolean {
  return (
    lines.some((line) => line.keyword === keyword && line.value === 'no') &&
    accounts.some(({ effective: values }) => effective(values, keyword.toLowerCase())[0] === 'yes')
  )
}

/** Keys that stand in no file: sshd cannot be asked about them beforehand (lock-out 26). */
function keysFromElsewhere({ accounts }: Facts): string[] {
  const of = (keyword: string): string[] =>
    [...new Set(accounts.flatMap(({ effective: values }) => effective(values, keyword).slice(0, 1)))].filter(
      (value) => value !== 'none',
    )
  const instanceConnect = of('authorizedkeyscommand').filter((command) => command.includes('eic_run_authorized_keys'))
  return [
    ...instanceConnect.map(
      () =>
        'EC2 Instance Connect stays as it is; it pushes the key that the caller brings, and the level judges that key too',
    ),
    ...of('authorizedkeyscommand')
      .filter((command) => !command.includes('eic_run_authorized_keys'))
      .map(
        (command) =>
          `keys that ${command} hands out are in the table by rule alone: sshd cannot be asked about them beforehand`,
      ),
    ...of('trustedusercakeys').map(
      (file) => `certificates of ${file} are in the table by rule alone: sshd cannot be asked about them beforehand`,
    ),
  ]
}
