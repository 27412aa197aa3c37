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
 * name all of it, and so is what it accepts although the table calls it out.
 */
function disagreements(id: string, offers: Offers, plan: Plan): readonly string[] {
  const { asked, today, after, lost, unaccepted } = offers
  const changes = plan.hosts.filter((host) => host.id === id).flatMap((host) => plannedChange(plan, host) ?? [])
  const rows = changes.flatMap(({ access, feature }) =>
    access.flatMap((row) => {
      const print = printOf(row)
      const compared = print !== undefined && row.byRule === undefined && row.unasked === undefined
      return compared ? [{ ...row, feature, name: `${row.account} ${print}` }] : []
    }),
  )
  const told = new Map(rows.filter((row) => row.today).map((row) => [row.name, row.after]))
  // Of people, a key that is in neither row is none that the host has.
  const out = rows.filter((row) => row.feature === 'hardening' && !row.today && !row.after && !told.has(row.name))
  const unnamed = asked - today - unaccepted.length
  const accepted =
    unnamed > 0 ? [] : [...new Set(out.map(({ name }) => name))].filter((key) => !unaccepted.includes(key))
  const all = today - after === lost.length
  const otherwise = [...told].flatMap(([key, stays]) => {
    const said = unaccepted.includes(key)
      ? `does not accept ${printable(key)} today`
      : all && stays === lost.includes(key)
        ? `would ${stays ? 'no longer' : 'still'} accept ${printable(key)}`
        : undefined
    return said === undefined ? [] : [said]
  })
  return [
    ...[...otherwise, ...accepted.map((key) => `accepts ${printable(key)} today`)].map(
      (said) => `against the table, its sshd ${said}`,
    ),
    ...(unnamed > 0 && rows.length > 0
      ? [`not compared with the table: ${count(unnamed, 'more key')} that it did not accept today`]
      : []),
  ]
}
