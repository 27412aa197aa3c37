/** Of the keys that a change of people gives and takes, those that are offered to the running sshd as its proof. */
import type { AccountEdit, GivenKey } from './change.js'

interface OfAccount {
  readonly account: string
}

/** Have to be accepted. What this host cannot offer (certificates, keys with from=) is not among them. */
export function keysToAccept(accounts: readonly AccountEdit[]): (OfAccount & { readonly key: GivenKey })[] {
  return accounts.flatMap(({ name: account, giveKeys }) =>
    giveKeys.filter(({ offered }) => offered).map((key) => ({ account, key })),
  )
}

/** Have to be refused. A key that is taken and given again has got other options. */
export function keysToRefuse(accounts: readonly AccountEdit[]): (OfAccount & { readonly fingerprint: string })[] {
  return accounts.flatMap(({ name: account, takeKeys, giveKeys }) =>
    takeKeys
      .filter((print) => !giveKeys.some(({ fingerprint }) => fingerprint === print))
      .map((fingerprint) => ({ account, fingerprint })),
  )
}
