/** Facts of hosts as the distributions install them, from test/golden/<distro>/stock. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { digestText } from '../../src/domain/digest.js'
import type { Account, Effective, FileFact, Facts } from '../../src/domain/facts.js'
import type { HardenPolicy, MfaPolicy } from '../../src/domain/policy.js'
import { atLeast } from '../../src/os/openssh.js'

export const golden = new URL('../golden/', import.meta.url)

/** Folder below test/golden, os-release, OpenSSH. */
export const distros = {
  'debian-11': ['debian', '11', '8.4p1'],
  'debian-12': ['debian', '12', '9.2p1'],
  'debian-13': ['debian', '13', '10.0p2'],
  'ubuntu-22.04': ['ubuntu', '22.04', '8.9p1'],
  'ubuntu-24.04': ['ubuntu', '24.04', '9.6p1'],
  'ubuntu-26.04': ['ubuntu', '26.04', '10.2p1'],
  'amazon-2023': ['amzn', '2023', '8.7p1'],
  'rhel-8': ['rhel', '8.10', '8.0p1'],
  'rhel-9': ['rhel', '9.6', '8.7p1'],
  'rhel-10': ['rhel', '10.1', '9.9p1'],
} as const satisfies Record<string, readonly [string, string, string]>

export type Distro = keyof typeof distros

export const stockEffective: Effective = {
  authenticationmethods: ['any'],
  pubkeyauthentication: ['yes'],
  passwordauthentication: ['yes'],
  kbdinteractiveauthentication: ['no'],
  permitrootlogin: ['without-password'],
  usepam: ['yes'],
  forcecommand: ['none'],
  chrootdirectory: ['none'],
  gssapiauthentication: ['no'],
  kerberosauthentication: ['no'],
}

export function account(name: string, more: Partial<Account> = {}): Account {
  return {
    name,
    uid: 1000,
    home: `/home/${name}`,
    shell: '/bin/bash',
    groups: [name],
    password: 'locked',
    expired: false,
    sudo: false,
    enrolled: false,
    factors: [],
    keys: [key()],
    logins: { lately: true, withoutTerminal: 0 },
    effective: stockEffective,
    ...more,
  }
}

export function key(...options: string[]): Account['keys'][number] {
  return { type: 'ssh-ed25519', bits: 256, fingerprint: 'SHA256:x', comment: '', options }
}

export const root = account('root', {
  uid: 0,
  home: '/root',
  groups: ['root'],
  sudo: true,
  keys: [key('command', 'notice')],
  logins: { lately: false, withoutTerminal: 0 },
})
export const admin = account('admin', { sudo: true, groups: ['admin', 'sudo'] })
export const people: readonly Account[] = [
  root,
  admin,
  account('alice', { uid: 1001 }),
  account('ci', { uid: 1002, groups: ['ci', 'robots'] }),
]

export function file(path: string, content: string, more: Partial<FileFact> = {}): FileFact {
  return { path, digest: digestText(content), mode: '0644', owner: 'root', group: 'root', content, ...more }
}

export function stockFacts(distro: Distro = 'debian-12', more: Partial<Facts> = {}): Facts {
  const [id, versionId, version] = distros[distro]
  return {
    digest: 'x',
    os: { id, idLike: [], versionId, prettyName: `${id} ${versionId}` },
    sshd: {
      version,
      args: distro === 'rhel-8' ? ['-D', ...cryptoPolicy()] : ['-D'],
      unit: 'ssh.service',
      running: true,
      socketActivated: false,
      selfTest: '',
      others: [],
    },
    files: tree(new URL(`${distro}/stock/`, golden)).map(([path, text]) =>
      file(path, text, /^(?:rhel|amazon)/.test(distro) && path.includes('/ssh/') ? { mode: '0600' } : {}),
    ),
    pamModules: ['pam_unix.so', 'pam_permit.so'],
    accounts: people.map((one) => ({ ...one, effective: { ...effectiveOf(distro), ...one.effective } })),
    groups: ['root', 'sudo', 'admin', 'alice', 'ci', 'robots', 'breakglass'],
    names: [...people.map(({ name, uid }) => ({ name, uid })), { name: 'daemon', uid: 1 }],
    algorithms: algorithmsOf(distro),
    hostKeys: ['RSA', 'ECDSA', 'ED25519'].map((type) => ({
      type,
      bits: type === 'RSA' ? 3072 : 256,
      fingerprint: `SHA256:${type}`,
    })),
    fips: false,
    loginsKept: true,
    selinux: 'disabled',
    secretStore: 'home',
    sudo: true,
    missingTools: [],
    opensSeals: true,
    changes: [],
    ...more,
  }
}

/** What RHEL 8's unit puts on sshd's command line: $CRYPTO_POLICY, at DEFAULT. */
function cryptoPolicy(): string[] {
  const layout = '../../lab/hosts/recipe/layouts/crypto-command-line/files/etc/crypto-policies/back-ends/'
  const text = readFileSync(new URL(`${layout}opensshserver.config`, import.meta.url), 'utf8')
  return /^CRYPTO_POLICY='(.*)'$/m.exec(text)?.[1]?.split(' ') ?? []
}

/** What Debian's own programs answer, as test/lab/golden-sshd.test.ts finds it: `sshd -T` over stock/, and `ssh -Q` in the lines of inspect.sh. */
export function recorded(distro: Recorded, what: 'effective' | 'algorithms'): string {
  return readFileSync(new URL(`${distro}/recorded/${what}`, golden), 'utf8')
}
export const recordedOf = ['debian-11', 'debian-12', 'debian-13'] as const
type Recorded = (typeof recordedOf)[number]
const isRecorded = (distro: Distro): distro is Recorded => recordedOf.some((one) => one === distro)

/** Of others no more is known than that RequiredRSASize is there: from 9.1 on, and in what RHEL 9 has taken back into 8.7. */
function effectiveOf(distro: Distro): Effective {
  if (!isRecorded(distro))
    return atLeast(distros[distro][2], '9.1') || distro === 'rhel-9' ? { requiredrsasize: ['1024'] } : {}
  const values: Record<string, string[]> = {}
  for (const [, keyword = '', value = ''] of recorded(distro, 'effective').matchAll(/^(\S+) (.*)$/gm))
    (values[keyword] ??= []).push(value)
  return values
}

/** As recorded of Debian 11, 12 and 13; of others as of Debian 12, and what came or went with a version in between does so. 8.0 lists key types, to which inspect.sh adds. */
function algorithmsOf(distro: Distro): Facts['algorithms'] {
  const [, , version] = distros[distro]
  const rows = recorded(isRecorded(distro) ? distro : 'debian-12', 'algorithms').split('\n')
  const of = (kind: string): string[] =>
    rows.filter((row) => row.startsWith(`${kind}|`)).map((row) => row.slice(kind.length + 1))
  const there = { ciphers: of('cipher'), macs: of('mac'), kex: of('kex'), signatures: of('sig') }
  if (isRecorded(distro)) return there
  const has = (release: `${number}.${number}`, ...names: string[]): string[] => (atLeast(version, release) ? names : [])
  return {
    ...there,
    kex: [
      ...there.kex.filter((name) => !name.startsWith('sntrup')),
      ...has('8.5', 'sntrup761x25519-sha512@openssh.com'),
      ...has('9.9', 'sntrup761x25519-sha512', 'mlkem768x25519-sha256'),
    ],
    signatures: atLeast(version, '8.2')
      ? there.signatures.filter((name) => !atLeast(version, '10.0') || !name.startsWith('ssh-dss'))
      : signaturesOf(keyTypes80),
  }
}

/** `ssh -Q key` of OpenSSH 8.0 (sshkey.c: what only signs is not in it). */
export const keyTypes80: readonly string[] = ['ssh-ed25519', 'ssh-rsa', 'ssh-dss']
  .concat(['256', '384', '521'].map((bits) => `ecdsa-sha2-nistp${bits}`))
  .flatMap((name) => [name, `${name}-cert-v01@openssh.com`])

/** What inspect.sh tells of signatures where ssh lists key types alone. */
export function signaturesOf(keyTypes: readonly string[]): string[] {
  const script = readFileSync(new URL('../../templates/host/inspect.sh', import.meta.url), 'utf8')
  const asked = /^ *(ssh -Q key-sig \|\| .*)$/m.exec(script)?.[1] ?? 'exit 1'
  const ssh = `ssh() { [ "$2" = key ] && printf '%s\\n' ${keyTypes.join(' ')}; }`
  return execFileSync('sh', ['-c', `${ssh}; ${asked}`], { encoding: 'utf8' })
    .trim()
    .split('\n')
}

export function hardening(more: Partial<HardenPolicy> = {}): HardenPolicy {
  return {
    feature: 'hardening',
    level: 'baseline',
    forwarding: 'jump',
    agentForwarding: false,
    x11Forwarding: false,
    banner: null,
    idleTimeout: null,
    allowGroups: [],
    leave: [],
    acceptLockout: [],
    ...more,
  }
}

export function policy(more: Partial<MfaPolicy> = {}): MfaPolicy {
  return {
    feature: 'mfa',
    action: 'enable',
    method: 'totp',
    enrol: 'first-login',
    exemptGroups: [],
    skelKeys: [],
    settings: {},
    acceptLockout: [],
    ...more,
  }
}

/** Files below a folder as [path from its root, text], sorted. */
export function tree(folder: URL): [string, string][] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry): [string, string] => {
      const path = `${entry.parentPath}/${entry.name}`.replaceAll('//', '/')
      return [path.slice(folder.pathname.length - 1), readFileSync(path, 'utf8')]
    })
    .sort(([a], [b]) => (a < b ? -1 : 1))
}

/** The host after a draft was carried out. */
export function carriedOut(
  facts: Facts,
  files: readonly { path: string; content: string | null; mode: string; owner: string; group: string }[],
  effective?: Partial<Effective>,
): Facts {
  const rest = facts.files.filter(({ path }) => !files.some((wanted) => wanted.path === path))
  const made = files.flatMap(({ path, content, mode, owner, group }) =>
    content === null ? [] : [file(path, content, { mode, owner, group })],
  )
  const accounts = effective
    ? facts.accounts.map((one) => ({ ...one, effective: { ...one.effective, ...effective } as Effective }))
    : facts.accounts
  return {
    ...facts,
    files: [...rest, ...made],
    secretStore: made.some(({ content }) => content?.includes('secret=/var/lib/')) ? 'root' : 'home',
    accounts,
    pamModules: [...facts.pamModules, 'pam_google_authenticator.so'],
  }
}
