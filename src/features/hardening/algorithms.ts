/**
 * Algorithm lists by level. `strict` is what ssh-audit's hardening guides and built-in policies list, but for what would have other files
 * edited: no group exchange (their moduli have 3072 bits at least), and RSA host keys of 3072 bits (theirs of 4096). `baseline` leaves out
 * only what is broken: SHA-1, MD5, CBC, 64-bit tags, short groups. A host gets the part of a list that its build knows,
 * less what its release ships off.
 */
import { BastionError } from '../../domain/errors.js'
import type { Facts } from '../../domain/facts.js'
import { atLeast } from '../../os/openssh.js'
import type { Context, Setting } from './setting.js'

type Kind = keyof Facts['algorithms']

const ciphers = [
  'chacha20-poly1305@openssh.com',
  'aes256-gcm@openssh.com',
  'aes128-gcm@openssh.com',
  'aes256-ctr',
  'aes192-ctr',
  'aes128-ctr',
]
const strictMacs = ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'umac-128-etm@openssh.com']
const baselineMacs = [...strictMacs, 'hmac-sha2-256', 'hmac-sha2-512', 'umac-128@openssh.com']
const strictKex = [
  'mlkem768x25519-sha256',
  'sntrup761x25519-sha512',
  'sntrup761x25519-sha512@openssh.com',
  'curve25519-sha256',
  'curve25519-sha256@libssh.org',
  'diffie-hellman-group18-sha512',
  'diffie-hellman-group16-sha512',
]
const baselineKex = [
  ...strictKex,
  'ecdh-sha2-nistp521',
  'ecdh-sha2-nistp384',
  'ecdh-sha2-nistp256',
  'diffie-hellman-group-exchange-sha256',
  'diffie-hellman-group14-sha256',
]
const strictSignatures = ['ssh-ed25519', 'sk-ssh-ed25519@openssh.com', 'rsa-sha2-512', 'rsa-sha2-256']
const baselineSignatures = [
  ...strictSignatures,
  'ecdsa-sha2-nistp521',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp256',
  'sk-ecdsa-sha2-nistp256@openssh.com',
]

/** FIPS 140-3 approves none of these; a list that has one makes sshd of RHEL refuse to start in FIPS mode. */
const notInFips = /chacha20|ed25519|25519|sntrup|mlkem|umac/

/** The part of a list that this host's build knows. Errors: BastionError `host-unfit` where nothing is left. */
function known(kind: Kind, list: readonly string[], { facts }: Context): string[] {
  const there = list.filter((name) => facts.algorithms[kind].includes(name) && !(facts.fips && notInFips.test(name)))
  if (there.length === 0)
    throw new BastionError(
      'host-unfit',
      `of the ${kind} of this level its OpenSSH ${facts.sshd.version} knows none`,
      'take a lower level, or leave the keyword as it is with --leave',
    )
  return there
}

/** The same names for certificates: `ssh-ed25519` signs as `ssh-ed25519-cert-v01@openssh.com`. */
function withCertificates(list: readonly string[]): string[] {
  return list.flatMap((name) => [name, `${name.replace('@openssh.com', '')}-cert-v01@openssh.com`])
}

function list(kind: Kind, names: readonly string[]): (context: Context) => string {
  return (context) => known(kind, names, context).join(',')
}

/** sshd is built with groups of Diffie-Hellman and ships them off from 10.0 on (its release notes); FIPS mode has little else. */
function kex(names: readonly string[]): (context: Context) => string {
  return (context) => {
    const { facts } = context
    const off = atLeast(facts.sshd.version, '10.0') && !facts.fips
    return known('kex', off ? names.filter((name) => !name.startsWith('diffie-hellman-')) : names, context).join(',')
  }
}

/** In the host's own order, so that a list without SHA-1 stays as it is. */
function gssapiKex({ facts: { accounts } }: Context): string | undefined {
  const [has = ''] = accounts.flatMap(({ effective }) => effective.gssapikexalgorithms ?? [])
  const left = has.split(',').filter((name) => name.startsWith('gss-') && !name.includes('sha1'))
  return left.length === 0 ? undefined : left.join(',')
}

/** FIPS leaves nothing of strict's elliptic curves but the NIST ones. */
function signatures(names: readonly string[], certificates = false) {
  return (context: Context): string => {
    const wanted =
      context.facts.fips && !names.includes('ecdsa-sha2-nistp256') ? [...names, ...baselineSignatures] : names
    return known(
      'signatures',
      certificates ? withCertificates([...new Set(wanted)]) : [...new Set(wanted)],
      context,
    ).join(',')
  }
}

/** What the host may prove itself by, of the keys that it has; at least one has to be left. FIPS needs the NIST curves. */
function hostKeys(names: readonly string[], rsaBits: number) {
  return (context: Context): string => {
    const { hostKeys: own, fips } = context.facts
    const usable = (fips ? baselineSignatures : names).filter((name) =>
      own.some(
        ({ type, bits }) =>
          (type === 'ED25519' && name === 'ssh-ed25519') ||
          (type === 'RSA' && bits >= rsaBits && name.startsWith('rsa-sha2')) ||
          (type === 'ECDSA' && name === `ecdsa-sha2-nistp${String(bits)}`),
      ),
    )
    if (usable.length === 0)
      throw new BastionError(
        'refused',
        `the host has neither an Ed25519 key nor an RSA key of ${String(rsaBits)} bits of its own`,
        'make one (ssh-keygen -A makes the missing types) and publish its fingerprint, or give --leave HostKeyAlgorithms',
      )
    return known('signatures', withCertificates(usable), context).join(',')
  }
}

/** Clients that sign with SHA-1 alone, by their release notes on RFC 8332. */
export const signingSha1 = 'OpenSSH before 7.2, libssh2 before 1.11, PuTTY before 0.75, Paramiko before 2.9'

/** Of keys and their signatures, at each level. */
const fips = 'RSA and the NIST curves of ECDSA only'
const sshAudit = 'ssh-audit, hardening guides and built-in policies'

/** Older releases call two of these keywords by another name, which newer ones take as an alias and print as the new one. */
export const algorithmSettings: readonly Setting[] = [
  {
    keyword: 'Ciphers',
    baseline: list('ciphers', ciphers),
    strict: list('ciphers', ciphers),
    words: `${ciphers.join(',')} as far as the host knows them`,
    reason: 'no CBC (CVE-2008-5161), no 3DES, no RC4',
    source: sshAudit,
    breaks: 'clients with CBC, 3DES or RC4 alone (old appliances)',
    everybody: true,
    cryptoPolicy: true,
  },
  {
    keyword: 'MACs',
    baseline: list('macs', baselineMacs),
    strict: list('macs', strictMacs),
    words: { baseline: baselineMacs.join(','), strict: strictMacs.join(',') },
    reason: 'no MD5, no SHA-1, no 64-bit tags; strict: encrypt-then-MAC only',
    source: sshAudit,
    breaks:
      'clients from before OpenSSH 5.9; strict: clients with neither encrypt-then-MAC nor AES-GCM (OpenSSH before 6.2, libssh2 before 1.11)',
    everybody: true,
    cryptoPolicy: true,
  },
  {
    keyword: 'KexAlgorithms',
    baseline: kex(baselineKex),
    strict: kex(strictKex),
    words: { baseline: baselineKex.join(','), strict: strictKex.join(',') },
    releases:
      'sntrup761x25519-sha512@openssh.com from 8.5 on; sntrup761x25519-sha512 from 9.9 on, and in the 9.2 of Debian 12; mlkem768x25519-sha256 from 9.9 on; diffie-hellman-… up to 9.9, and in FIPS mode: 10.0 ships them off',
    reason:
      'no SHA-1, no groups of 1024 bits (CVE-2015-4000), post-quantum exchanges first; strict: no NIST curves, no group of 2048 bits, and none by group exchange, since moduli are not edited',
    source: sshAudit,
    breaks:
      'clients that know exchanges with SHA-1 alone (OpenSSH before 4.4, old appliances); strict: clients without Curve25519 and group 16 (OpenSSH before 6.5, libssh2 before 1.9, old appliances)',
    everybody: true,
    cryptoPolicy: true,
  },
  {
    keyword: 'GSSAPIKexAlgorithms',
    baseline: gssapiKex,
    words: 'of what the host has, those without SHA-1',
    reason: 'no SHA-1 in key exchanges by Kerberos, which stand in front of KexAlgorithms whatever that says',
    source: 'sshd_config(5) of Debian and RHEL',
    ifBuilt: true,
    releases: "Debian's, Ubuntu's and the RHEL family's builds with GSSAPI only",
    breaks: 'clients whose key exchanges by Kerberos know SHA-1 alone; they take one of KexAlgorithms',
    everybody: true,
    cryptoPolicy: true,
  },
  {
    keyword: 'HostKeyAlgorithms',
    baseline: hostKeys(baselineSignatures, 2048),
    strict: hostKeys(strictSignatures, 3072),
    words: {
      baseline: 'of the keys that the host has: Ed25519, RSA (2048 bits at least), ECDSA; and their certificates',
      strict: 'of the keys that the host has: Ed25519, RSA (3072 bits at least); and their certificates',
    },
    reason:
      'the host signs nothing with SHA-1; strict: and shows no ECDSA key; its RSA key is not made anew, so that 3072 bits do (ssh-audit: 4096)',
    fips,
    source: sshAudit,
    breaks:
      'clients from before OpenSSH 7.2 or libssh2 1.11 that know the host by its RSA key; strict: those that know its ECDSA key only: publish the fingerprints first',
    everybody: true,
    cryptoPolicy: true,
  },
  {
    keyword: 'PubkeyAcceptedAlgorithms',
    baseline: signatures(baselineSignatures, true),
    strict: signatures(strictSignatures, true),
    words: {
      baseline: `${baselineSignatures.join(',')}, and their certificates`,
      strict: `${strictSignatures.join(',')}, and their certificates`,
    },
    reason: "no SHA-1 signatures and no DSA of users' keys; strict: no ECDSA",
    fips,
    source: sshAudit,
    since: '8.5',
    releases: 'before as PubkeyAcceptedKeyTypes; keys on tokens (sk-…) from 8.2 on',
    breaks: `DSA keys, RSA keys in clients that sign with SHA-1 alone (${signingSha1}); strict: ECDSA keys`,
    cryptoPolicy: true,
  },
  {
    keyword: 'CASignatureAlgorithms',
    strict: signatures(strictSignatures),
    words: strictSignatures.join(','),
    reason: 'certificates are signed by strong keys only',
    fips,
    source: sshAudit,
    breaks: 'certificate authorities with ECDSA keys',
    cryptoPolicy: true,
  },
  {
    keyword: 'HostbasedAcceptedAlgorithms',
    strict: signatures(strictSignatures, true),
    words: `${strictSignatures.join(',')} and their certificates`,
    reason: 'the same for host-based logins, should anybody switch them on',
    fips,
    source: sshAudit,
    since: '8.5',
    releases: 'before as HostbasedAcceptedKeyTypes',
    breaks: 'nothing known',
    cryptoPolicy: true,
  },
  {
    keyword: 'RequiredRSASize',
    baseline: '2048',
    strict: '3072',
    reason: 'shorter RSA keys are not accepted (NIST SP 800-57 asks for 2048 bits at least)',
    source: `sshd_config(5); ${sshAudit}`,
    ifBuilt: true,
    releases: '9.1 and later, and where it was taken back into an earlier one (8.7 of RHEL 9)',
    breaks: 'RSA keys below 2048 bits; strict: below 3072',
  },
]
