/**
 * The levels as data: every keyword with its value, reason and source. `baseline` costs nobody with a modern key and client a login;
 * `strict` is ssh-audit's and the dev-sec ssh-baseline's. What a bastion is for is the operator's choice, at both levels.
 */
import type { HardenPolicy } from '../../domain/policy.js'
import { algorithmSettings } from './algorithms.js'
import { quoted, type Context, type Setting, type Value } from './setting.js'

const devSec = 'dev-sec ssh-baseline'
const both = (value: Value): Pick<Setting, 'baseline' | 'strict'> => ({ baseline: value, strict: value })
const yesNo =
  (choice: (context: Context) => boolean): Value =>
  (context) =>
    choice(context) ? 'yes' : 'no'
/** ssh -L, -D and ProxyJump are direct-tcpip, and -L to a socket has a type of its own (sshd_config(5), ChannelTimeout). */
const idleChannels = (time: number): string =>
  ['session:*', 'direct-tcpip', 'direct-streamlocal@openssh.com'].map((type) => `${type}=${String(time)}s`).join(' ')
const seconds = (value: number): string => String(value)

type Forwarding = HardenPolicy['forwarding']

/** What each choice of --forwarding sets: a keyword that it lacks stays as it is. */
const forwards = {
  AllowTcpForwarding: { jump: 'local', none: 'no', all: 'yes' },
  PermitOpen: { jump: '*:22' },
  AllowStreamLocalForwarding: { jump: 'no', none: 'no' },
} satisfies Record<string, Partial<Record<Forwarding, string>>>

const forwarding = (keyword: keyof typeof forwards): Value => {
  const of: Partial<Record<Forwarding, string>> = forwards[keyword]
  return ({ policy }) => of[policy.forwarding]
}

export function forwardingSets(choice: Forwarding): string[] {
  return Object.entries(forwards).flatMap(([keyword, of]) => (choice in of ? [keyword] : []))
}

const logins: readonly Setting[] = [
  {
    keyword: 'PermitRootLogin',
    baseline: 'prohibit-password',
    strict: 'no',
    reason: 'root does not log in by password; strict: nor by key: people log in as themselves and use sudo',
    source: `sshd_config(5); ${devSec} sshd-06`,
    breaks: 'strict: whoever logs in as root',
  },
  {
    keyword: 'PubkeyAuthentication',
    ...both('yes'),
    reason: 'keys are how everybody gets in',
    source: `sshd_config(5); ${devSec} sshd-22`,
    breaks: 'nothing known',
  },
  {
    keyword: 'PasswordAuthentication',
    ...both('no'),
    reason: 'a password can be guessed',
    source: `sshd_config(5); ${devSec} sshd-27`,
    breaks: 'whoever has no key',
  },
  {
    keyword: 'PermitEmptyPasswords',
    ...both('no'),
    reason: 'an account without a password stays closed',
    source: `sshd_config(5); ${devSec} sshd-28`,
    breaks: 'accounts without a password, which anybody could use',
  },
  {
    keyword: 'UsePAM',
    ...both('yes'),
    reason: 'locked passwords do not lock keys out, and expiry and limits hold (lock-out 22)',
    source: 'sshd_config(5)',
    breaks:
      "passwd -l, which keeps keys out where PAM is not asked (a note names whose); nothing else known, where the PAM stack is the distribution's",
    everybody: true,
  },
  {
    keyword: 'HostbasedAuthentication',
    ...both('no'),
    reason: 'a host vouches for nobody',
    source: `sshd_config(5); ${devSec} sshd-25`,
    breaks: 'clusters whose hosts vouch for their users',
  },
  {
    keyword: 'IgnoreRhosts',
    ...both('yes'),
    reason: '~/.rhosts counts for nothing',
    source: `sshd_config(5); ${devSec} sshd-23`,
    breaks: 'host-based logins by ~/.rhosts and ~/.shosts',
  },
  {
    keyword: 'IgnoreUserKnownHosts',
    strict: 'yes',
    reason: 'users do not say which hosts are trusted',
    source: `sshd_config(5); ${devSec} sshd-24`,
    breaks: 'host-based logins by ~/.ssh/known_hosts',
    everybody: true,
  },
  {
    keyword: 'GSSAPIAuthentication',
    strict: 'no',
    reason: 'one way in less where no Kerberos is in use',
    source: `sshd_config(5); ${devSec} sshd-33`,
    ifBuilt: true,
    releases: 'where it is built with GSSAPI',
    breaks: 'logins by Kerberos ticket',
  },
  {
    keyword: 'GSSAPIKeyExchange',
    strict: 'no',
    reason: 'its key exchanges, of which some are by SHA-1, stand in front of KexAlgorithms whatever that says',
    source: 'sshd_config(5) of Debian and RHEL',
    ifBuilt: true,
    releases: "Debian's, Ubuntu's and the RHEL family's builds with GSSAPI only",
    breaks: 'clients that know the host by Kerberos alone: they ask for its key',
    everybody: true,
  },
  {
    keyword: 'KerberosAuthentication',
    ...both('no'),
    reason: 'a password checked by Kerberos is a password',
    source: `sshd_config(5); ${devSec} sshd-30`,
    releases: 'where it is built with Kerberos',
    breaks: 'whoever types a password that Kerberos checks',
    ifBuilt: true,
  },
  {
    keyword: 'KerberosOrLocalPasswd',
    strict: 'no',
    reason: 'should anybody switch Kerberos on, no local password stands in for it',
    source: `sshd_config(5); ${devSec} sshd-31`,
    releases: 'where it is built with Kerberos',
    breaks: 'nothing known',
    ifBuilt: true,
    everybody: true,
  },
  {
    keyword: 'GSSAPICleanupCredentials',
    strict: 'yes',
    reason: 'tickets that came along do not stay behind after the logout',
    source: `sshd_config(5); ${devSec} sshd-34`,
    ifBuilt: true,
    releases: 'where it is built with GSSAPI',
    breaks: 'programs that use the tickets of a session that has ended',
    everybody: true,
  },
  {
    keyword: 'StrictModes',
    ...both('yes'),
    reason: 'keys that others could write are not read',
    source: `sshd_config(5); ${devSec} sshd-11`,
    everybody: true,
    breaks: 'homes that a group may write to',
  },
  {
    keyword: 'PermitUserEnvironment',
    ...both('no'),
    reason: 'environment= in authorized_keys could load code (LD_PRELOAD)',
    source: `sshd_config(5); ${devSec} sshd-17`,
    breaks: 'environment= in authorized_keys, and ~/.ssh/environment',
    everybody: true,
  },
  {
    keyword: 'PermitUserRC',
    strict: 'no',
    reason: '~/.ssh/rc does not run',
    source: 'sshd_config(5)',
    breaks: 'scripts in ~/.ssh/rc',
  },
  {
    keyword: 'AllowGroups',
    ...both(({ policy }) => (policy.allowGroups.length === 0 ? undefined : policy.allowGroups.map(quoted).join(' '))),
    words: 'the groups of --allow-group; without it, as it is',
    reason: 'only members of these groups log in',
    source: 'sshd_config(5)',
    breaks: 'everybody else, robots and cloud users included',
    adds: true,
  },
]

const sessions: readonly Setting[] = [
  {
    keyword: 'LoginGraceTime',
    ...both(seconds(60)),
    reason: 'an unfinished login holds a slot for a minute, which is time enough for a code (lock-out 42)',
    source: `sshd_config(5); ${devSec} sshd-18 has 30`,
    breaks: 'people who take more than a minute to log in',
    everybody: true,
  },
  {
    keyword: 'MaxAuthTries',
    strict: ({ facts }) =>
      String(Math.min(6, Math.max(3, 1 + Math.max(0, ...facts.accounts.map(({ keys }) => keys.length))))),
    words: 'one more than the most keys of one account, 3 to 6',
    reason: 'fewer guesses a connection',
    source: `sshd_config(5); ${devSec} sshd-19 has 2`,
    breaks: 'agents that offer many keys before the right one: IdentitiesOnly yes (lock-out 17)',
  },
  {
    keyword: 'MaxSessions',
    ...both('10'),
    reason: 'sessions of one connection',
    source: `sshd_config(5); ${devSec} sshd-20`,
    breaks: 'more than ten sessions through one connection (ControlMaster)',
  },
  {
    keyword: 'MaxStartups',
    ...both('10:30:60'),
    reason: 'unfinished logins are dropped from ten on, all of them from sixty on',
    source: `sshd_config(5); ${devSec} sshd-21 has 10:30:100`,
    breaks:
      'more than ten logins in the same moment, such as ansible with many forks: some are dropped and have to try again',
    everybody: true,
  },
  {
    keyword: 'ClientAliveInterval',
    ...both(seconds(300)),
    reason: 'a client that is gone is noticed, inside the encryption',
    source: `sshd_config(5); ${devSec} sshd-36`,
    breaks: 'nothing known',
  },
  {
    keyword: 'ClientAliveCountMax',
    ...both('3'),
    reason: 'after a quarter of an hour without an answer the session ends',
    source: `sshd_config(5); ${devSec} sshd-37`,
    breaks: 'sessions over lines that are down for more than a quarter of an hour',
  },
  {
    keyword: 'TCPKeepAlive',
    strict: 'no',
    reason: 'keep-alives outside of the encryption can be forged',
    source: `sshd_config(5); ${devSec} sshd-35`,
    breaks: 'nothing known: ClientAliveInterval does it',
    everybody: true,
  },
  {
    keyword: 'Compression',
    strict: 'no',
    reason: 'less code that a stranger reaches',
    source: 'sshd_config(5)',
    breaks: 'ssh -C: it connects, and nothing is compressed',
    everybody: true,
  },
  {
    keyword: 'UseDNS',
    ...both('no'),
    reason: 'no login waits for a name server',
    source: 'sshd_config(5)',
    breaks: 'from= in authorized_keys and Match Host by name: addresses only',
    everybody: true,
  },
  {
    keyword: 'ChannelTimeout',
    ...both(({ policy }) => (policy.idleTimeout === null ? undefined : idleChannels(policy.idleTimeout))),
    words: '--idle-timeout; without it, as it is',
    reason: 'a session that nothing moves in is closed, and so is a jump through this host',
    source: 'sshd_config(5)',
    since: '9.2',
    breaks: 'long jobs that print nothing, and forwarded connections that wait, such as to databases',
    needed: true,
  },
  {
    keyword: 'UnusedConnectionTimeout',
    ...both(({ policy }) => (policy.idleTimeout === null ? undefined : `${String(policy.idleTimeout)}s`)),
    words: '--idle-timeout; without it, as it is',
    reason: 'a connection without a session is closed',
    source: 'sshd_config(5)',
    since: '9.2',
    breaks:
      'ControlMaster connections that are kept without a session, and ssh -N, also with -L, -D or -R, while no connection goes through',
  },
  {
    keyword: 'LogLevel',
    ...both('VERBOSE'),
    reason: 'the log says which key got in',
    source: `sshd_config(5); ${devSec} sshd-13`,
    breaks: 'nothing known; the log grows',
  },
]

const channels: readonly Setting[] = [
  {
    keyword: 'AllowTcpForwarding',
    ...both(forwarding('AllowTcpForwarding')),
    words: '--forwarding: jump local, none no, all yes',
    reason: 'what a bastion forwards is a choice: --forwarding',
    source: `sshd_config(5); ${devSec} sshd-39`,
    breaks: 'jump: tunnels back (-R); none: ProxyJump through this host',
  },
  {
    keyword: 'PermitOpen',
    ...both(forwarding('PermitOpen')),
    words: '--forwarding: jump *:22, none and all as it is',
    reason: 'jump: onwards to port 22 only',
    source: 'sshd_config(5)',
    breaks: 'jump: tunnels to databases and web servers (-L, -D)',
  },
  {
    keyword: 'AllowStreamLocalForwarding',
    ...both(forwarding('AllowStreamLocalForwarding')),
    words: '--forwarding: jump no, none no, all as it is',
    reason: 'no sockets of this host are handed out',
    source: 'sshd_config(5)',
    breaks: 'forwarded sockets, such as gpg-agent and docker.sock',
  },
  {
    keyword: 'GatewayPorts',
    ...both('no'),
    reason: 'a tunnel is not open to the neighbours',
    source: `sshd_config(5); ${devSec} sshd-41`,
    breaks: 'ssh -R that others than the host itself use',
  },
  {
    keyword: 'PermitTunnel',
    ...both('no'),
    reason: 'no network devices through ssh',
    source: `sshd_config(5); ${devSec} sshd-38`,
    breaks: 'ssh -w',
  },
  {
    keyword: 'AllowAgentForwarding',
    ...both(yesNo(({ policy }) => policy.agentForwarding)),
    words: 'no, or --agent-forwarding',
    reason: 'root of this host could use a forwarded agent: ProxyJump needs none',
    source: `sshd_config(5); ${devSec} sshd-40`,
    breaks: 'ssh -A',
  },
  {
    keyword: 'X11Forwarding',
    ...both(yesNo(({ policy }) => policy.x11Forwarding)),
    words: 'no, or --x11-forwarding',
    reason: 'root of this host could read the screen behind it',
    source: `sshd_config(5); ${devSec} sshd-42`,
    breaks: 'ssh -X',
  },
  {
    keyword: 'X11UseLocalhost',
    strict: 'yes',
    reason: 'a forwarded display is not open to the neighbours',
    source: `sshd_config(5); ${devSec} sshd-43`,
    breaks: 'X clients that do not take localhost as display',
  },
]

const greeting: readonly Setting[] = [
  {
    keyword: 'Banner',
    ...both(({ policy }) => (policy.banner === null ? undefined : bannerPath)),
    words: '--banner; without it, as it is',
    reason: 'shown before a login',
    source: 'sshd_config(5)',
    breaks: 'programs that take what stderr says for an error',
  },
  {
    keyword: 'DebianBanner',
    strict: 'no',
    reason: 'the greeting does not name the package',
    source: `sshd_config(5) of Debian; ${devSec} sshd-47`,
    releases: "Debian's and Ubuntu's builds only",
    breaks: 'nothing known',
    patch: true,
    everybody: true,
  },
  {
    keyword: 'PrintMotd',
    strict: 'no',
    reason: 'pam_motd prints it',
    source: `sshd_config(5); ${devSec} sshd-44`,
    breaks: 'the message of the day, where pam_motd is not in the PAM stack',
    everybody: true,
  },
  {
    keyword: 'PrintLastLog',
    strict: 'no',
    reason: 'a stranger with the key learns less',
    source: `sshd_config(5); ${devSec} sshd-45`,
    breaks: 'the line that names the last login',
    everybody: true,
  },
]

/** Where the text of `--banner` lands. */
export const bannerPath = '/etc/ssh/bastionctl-banner'

/** In the order in which they are written. */
export const settings: readonly Setting[] = [...logins, ...sessions, ...channels, ...greeting, ...algorithmSettings]

/** Off, unless the factor in front of it (`enable-mfa`) has switched it on: that drop-in is read first. Before 8.7 it has two names. */
export const promptsSetting: Setting = {
  keyword: 'KbdInteractiveAuthentication',
  ...both('no'),
  reason: 'no prompts but those of a second factor, which enable-mfa switches on in front of this',
  source: 'sshd_config(5)',
  releases: 'before 8.7 with ChallengeResponseAuthentication, which decides there',
  breaks: 'whoever has no key',
}
