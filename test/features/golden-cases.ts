/** What is rendered for every distribution, by the folder's name below test/golden/<distro>/. */
import type { Facts } from '../../src/domain/facts.js'
import type { Policy } from '../../src/domain/policy.js'
import { admin, hardening, policy, stockFacts, type Distro } from './facts.js'

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
  strict: hardening({
    level: 'strict',
    forwarding: 'none',
    banner: 'For members of the team only.\n',
    idleTimeout: 900,
    allowGroups: ['admin', 'alice', 'ci'],
  }),
}

/** The people of every case: an administrator with a factor, so that `required` leaves one. */
export function hostOf(distro: Distro, more: Partial<Facts> = {}): Facts {
  const facts = stockFacts(distro, more)
  return {
    ...facts,
    accounts: facts.accounts.map((one) => (one.name === admin.name ? { ...one, enrolled: true } : one)),
  }
}
