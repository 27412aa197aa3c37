/** What is rendered for every distribution, by the folder's name below test/golden/<distro>/. */
import type { Facts } from '../../src/domain/facts.js'
import type { Policy } from '../../src/domain/policy.js'
import { atLeast } from '../../src/os/openssh.js'
import { admin, hardening, key, policy, stockFacts, type Distro } from './facts.js'

/** What every distribution gets. */
export const cases: Record<string, Policy> = {
  'first-login': policy(),
  required: policy({ enrol: 'required', acceptLockout: ['alice', 'ci'] }),
  grace: policy({ grace: { seconds: 14 * 86_400, until: Date.UTC(2026, 11, 8, 1, 24) / 1000 } }),
  'root-store': policy({
    secretStore: 'root',
    skelKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEuAmVbEYMpNJNhj/RHb4t2+Gx2MIiFJjYYFtkMtQMHN break-glass'],
  }),
  exempt: policy({ exemptGroups: ['robots', 'breakglass', 'robots'] }),
  baseline: hardening(),
}

/** RHEL 8 has its crypto policy on sshd's command line, where no level can change it. */
const policyKeywords = [
  'Ciphers',
  'MACs',
  'KexAlgorithms',
  'HostKeyAlgorithms',
  'PubkeyAcceptedAlgorithms',
  'CASignatureAlgorithms',
]

/** Cases of one distribution: the policy, and the host that it is for. */
export function casesOf(distro: Distro): Record<string, { readonly wanted: Policy; readonly facts: Facts }> {
  const facts = hostOf(distro)
  const idles = atLeast(facts.sshd.version, '9.2') ? { idleTimeout: 900 } : {}
  const leave = distro === 'rhel-8' ? policyKeywords : []
  const strict = hardening({
    level: 'strict',
    forwarding: 'none',
    banner: 'For members of the team only.\n',
    allowGroups: ['admin', 'alice', 'ci'],
    leave,
    ...idles,
  })
  const jump = hardening({ level: 'strict', leave })
  const free = { ...facts, sshd: { ...facts.sshd, args: ['-D'] } }
  return {
    ...Object.fromEntries(Object.entries(cases).map(([name, wanted]) => [name, { wanted, facts }])),
    strict: { wanted: strict, facts },
    'strict-jump': { wanted: jump, facts },
    // CRYPTO_POLICY= in /etc/sysconfig/sshd
    ...(distro === 'rhel-8'
      ? {
          'baseline-without-crypto-policy': { wanted: hardening(), facts: free },
          'strict-without-crypto-policy': { wanted: hardening({ level: 'strict' }), facts: free },
        }
      : {}),
    ...(distro === 'rhel-9'
      ? {
          'baseline-fips': { wanted: hardening(), facts: inFips(facts) },
          'strict-fips': { wanted: hardening({ level: 'strict' }), facts: inFips(facts) },
        }
      : {}),
  }
}

/** FIPS mode takes no Ed25519 keys: people have RSA keys there. */
function inFips(facts: Facts): Facts {
  const rsa = { ...key(), type: 'ssh-rsa', bits: 3072 }
  return {
    ...facts,
    fips: true,
    accounts: facts.accounts.map((one) => ({
      ...one,
      keys: one.keys.map(({ options }) => ({ ...rsa, options })),
    })),
    hostKeys: facts.hostKeys.filter(({ type }) => type !== 'ED25519'),
  }
}

/** The people of every case: an administrator with a factor, so that `required` leaves one. */
export function hostOf(distro: Distro, more: Partial<Facts> = {}): Facts {
  const facts = stockFacts(distro, more)
  return {
    ...facts,
    accounts: facts.accounts.map((one) => (one.name === admin.name ? { ...one, enrolled: true } : one)),
  }
}
