/** What hosts have answered in a dry run that was rehearsed. */
import { printOf } from '../../domain/change.js'
import type { HostResult } from '../../domain/outcome.js'
import type { Plan } from '../../domain/plan.js'
import { hostsBy, plannedChange } from '../../domain/plan-groups.js'
import { summary } from './report.js'
import { count, nameList, printable } from './text.js'

type Offers = NonNullable<HostResult['offers']>

/** Lines behind the plan: how many hosts have rehearsed its logins, and what each host's own sshd says to the keys. */
export function rehearsalView(results: readonly HostResult[], plan: Plan): readonly string[] {
  const done = results.filter(({ outcome }) => outcome === 'rehearsed').length
  const asked = results.flatMap(({ id, name, offers }) =>
    offers === undefined
      ? []
      : [offersText(offers), ...disagreements(id, offers, plan)].map((text) => [text, name] as const),
  )
  return [
    '',
    `${String(done)}/${count(results.length, 'host')}: logins rehearsed`,
    ...[...hostsBy(asked)].map(([text, names]) => `${nameList(names)}: ${text}`),
    ...(done === results.length ? [] : [...summary(results), 'a rehearsal writes nothing, whatever has become of it']),
  ]
}

/** What the host's own sshd has answered, in a private view where nothing is written. */
function offersText({ asked, today, after, lost }: Offers): string {
  const more = today - after > lost.length ? ` and ${String(today - after - lost.length)} more` : ''
  const which = lost.length === 0 ? '' : `; no longer: ${lost.map((key) => printable(key)).join(', ')}${more}`
  return `its sshd was offered ${count(asked, 'key')} and accepts ${String(today)} today, ${String(after)} afterwards${which}`
}

/**
 * Keys of which the plan's table says something else than the host's sshd; sshd is right. What is lost is compared only where the host could
 * name all of it.
 */
function disagreements(id: string, offers: Offers, plan: Plan): readonly string[] {
  const { today, after, lost, unaccepted } = offers
  const rows = plan.hosts.filter((host) => host.id === id).flatMap((host) => plannedChange(plan, host)?.access ?? [])
  const told = new Map(
    rows.flatMap((row) => {
      const print = printOf(row)
      const asked = row.today && row.byRule === undefined && row.unasked === undefined
      return print === undefined || !asked ? [] : [[`${row.account} ${print}`, row.after] as const]
    }),
  )
  const all = today - after === lost.length
  return [...told].flatMap(([key, stays]) => {
    const said = unaccepted.includes(key)
      ? `does not accept ${printable(key)} today`
      : all && stays === lost.includes(key)
        ? `would ${stays ? 'no longer' : 'still'} accept ${printable(key)}`
        : undefined
    return said === undefined ? [] : [`against the table, its sshd ${said}`]
  })
}
