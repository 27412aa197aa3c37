/** Rights and jobs that others have given somebody by name: they stay when the account goes, and wait for whoever has the name next. */
import type { Facts, NamedFact } from '../../domain/facts.js'

export function namedIn({ named = [] }: Facts, name: string): readonly NamedFact[] {
  return named.filter((fact) => fact.name === name)
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
  switch (what) {
    case 'root':
      return `makes root of whoever is named ${name}`
    case 'sudo':
      return `gives sudo for some commands to whoever is named ${name}`
    case 'cron':
      return `runs a job as whoever is named ${name}`
  }
}
