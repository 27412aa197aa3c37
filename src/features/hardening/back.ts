/** What decides again once a level's lines are gone, for the reviewer of `--level stock`. */
import type { Facts } from '../../domain/facts.js'
import { keyboardInteractiveNames, spellings } from '../../os/openssh.js'
import { place, winner } from '../../render/sshd-config.js'
import { foreignDirectives } from '../foreign.js'
import { hardeningFeature, mfaFeature, present } from '../sshd-files.js'

/** A remark for each line of others that comes into force again, and one for the keywords that no line sets any more. */
export function comesBack(facts: Facts): string[] {
  const others = foreignDirectives(facts, hardeningFeature)
  const back = held(facts).map(({ keyword, value }) => {
    const next = winner(others, spellings(keyword.toLowerCase(), facts.sshd.version))
    return { keyword, value, next }
  })
  const unset = back.filter(({ next }) => next === undefined).map(({ keyword }) => keyword)
  return [
    ...back.flatMap(({ keyword, value, next }) =>
      next === undefined || next.args.join(' ') === value
        ? []
        : [`${keyword}: back from "${value}" to "${next.args.join(' ')}" of ${place(next)}`],
    ),
    ...(unset.length === 0 ? [] : [`back to what this sshd does by itself: ${unset.join(', ')}`]),
  ]
}

/** The feature's lines as they stand. What the factor's own lines in front of them decide is not in their hands. */
function held(facts: Facts): { readonly keyword: string; readonly value: string }[] {
  const factor = present(facts, mfaFeature) === '' ? [] : keyboardInteractiveNames
  return [...present(facts, hardeningFeature).matchAll(/^(\w+) (.*)$/gm)]
    .map(([, keyword = '', value = '']) => ({ keyword, value }))
    .filter(({ keyword }) => !factor.includes(keyword.toLowerCase()))
}
