/** Facts of hosts as the distributions install them, from test/golden/<distro>/stock. */
import { readdirSync, readFileSync } from 'node:fs'
import { digestText } from '../../src/domain/digest.js'
import type { Account, Effective, FileFact, Facts } from '../../src/domain/facts.js'
import type { MfaPolicy } from '../../src/domain/policy.js'

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
    keys: [key()],
    logins: { total: 3, withoutTerminal: 0 },
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
  keys: [key('command')],
  logins: { total: 0, withoutTerminal: 0 },
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
      binary: '/usr/sbin/sshd',
      args: ['-D'],
      unit: 'ssh.service',
      running: true,
      socketActivated: false,
      selfTest: '',
    },
    files: tree(new URL(`${distro}/stock/`, golden)).map(([path, text]) =>
      file(path, text, /^(?:rhel|amazon)/.test(distro) && path.includes('/ssh/') ? { mode: '0600' } : {}),
    ),
    pamModules: ['pam_unix.so', 'pam_permit.so'],
    accounts: people,
    groups: ['root', 'sudo', 'admin', 'alice', 'ci', 'robots', 'breakglass'],
    loginsKept: true,
    selinux: 'disabled',
    missingTools: [],
    changes: [],
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
    totp: { window: 3, rateLimit: { attempts: 3, seconds: 30 }, allowReuse: false },
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
    accounts,
    pamModules: [...facts.pamModules, 'pam_google_authenticator.so'],
  }
}
