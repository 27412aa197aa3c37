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
    accounts: people.map((one) => ({ ...one, effective: { ...one.effective, ...rsaSize(distro, version) } })),
    groups: ['root', 'sudo', 'admin', 'alice', 'ci', 'robots', 'breakglass'],
    names: [...people.map(({ name, uid }) => ({ name, uid })), { name: 'daemon', uid: 1 }],
    algorithms: algorithmsOf(version),
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

/** From 9.1 on, and in what RHEL 9 has taken back into 8.7. */
function rsaSize(distro: Distro, version: string): Effective {
  return atLeast(version, '9.1') || distro === 'rhel-9' ? { requiredrsasize: ['1024'] } : {}
}

/** As `ssh -Q` of Debian 11, 12 and 13 lists them; what came or went with a version in between does so here. 8.0 lists key types, to which inspect.sh adds. */
function algorithmsOf(version: string): Facts['algorithms'] {
  const has = (release: `${number}.${number}`, ...names: string[]): string[] => (atLeast(version, release) ? names : [])
  const withCertificates = ['ssh-ed25519', 'ssh-rsa', 'rsa-sha2-256', 'rsa-sha2-512'].concat(
    ['256', '384', '521'].map((bits) => `ecdsa-sha2-nistp${bits}`),
    has('8.2', 'sk-ssh-ed25519@openssh.com', 'sk-ecdsa-sha2-nistp256@openssh.com'),
    atLeast(version, '10.0') ? [] : ['ssh-dss'],
  )
  return {
    ciphers:
      '3des-cbc aes128-cbc aes192-cbc aes256-cbc aes128-ctr aes192-ctr aes256-ctr aes128-gcm@openssh.com aes256-gcm@openssh.com chacha20-poly1305@openssh.com'.split(
        ' ',
      ),
    macs: ['hmac-sha1', 'hmac-sha1-96', 'hmac-sha2-256', 'hmac-sha2-512', 'hmac-md5', 'umac-64', 'umac-128'].flatMap(
      (name) => {
        const own = name.startsWith('umac') ? '@openssh.com' : ''
        return [`${name}${own}`, `${name}-etm@openssh.com`]
      },
    ),
    kex: [
      'diffie-hellman-group1-sha1',
      'diffie-hellman-group14-sha1',
      'diffie-hellman-group14-sha256',
      'diffie-hellman-group16-sha512',
      'diffie-hellman-group18-sha512',
      'diffie-hellman-group-exchange-sha256',
      'ecdh-sha2-nistp256',
      'ecdh-sha2-nistp384',
      'ecdh-sha2-nistp521',
      'curve25519-sha256',
      'curve25519-sha256@libssh.org',
      ...has('8.5', 'sntrup761x25519-sha512@openssh.com'),
      ...has('9.9', 'sntrup761x25519-sha512', 'mlkem768x25519-sha256'),
    ],
    signatures: atLeast(version, '8.2')
      ? withCertificates.flatMap((name) => [name, `${name.replace('@openssh.com', '')}-cert-v01@openssh.com`])
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
