/** Rights and jobs that others have given somebody by name or number: they stay when the account goes, and wait for whoever has it next. */
import type { Facts, NamedFact } from '../../domain/facts.js'

/** `uid`: that of a new account, where it is not for the host to choose, which takes none that a rule is for. */
export function namedIn(
  { named = [], names }: Facts,
  name: string,
  uid: number | null | undefined = names.find((entry) => entry.name === name)?.uid,
): readonly NamedFact[] {
  return named.filter((fact) => fact.name === name || fact.name === `#${String(uid)}`)
}

/** What stays of somebody who leaves. */
export function staysOf(name: string, facts: Facts): string[] {
  return namedIn(facts, name).map((fact) => `${place(fact)} stays, and ${gives(fact)}`)
}

export function waits(fact: NamedFact): string {
  return `${place(fact)} is there already, and ${gives(fact)}`
}

export function place({ file, line }: NamedFact): string {
  return `${file} line ${String(line)}`
}

function gives({ what, name }: NamedFact): string {
  const who = name.startsWith('#') ? `whoever has the number ${name.slice(1)}` : `whoever is named ${name}`
  switch (what) {
    case 'root':
      return `makes root of ${who}`
    case 'sudo':
      return `gives sudo for some commands to ${who}`
    case 'cron':
      return `runs a job as ${who}`
  }
}
