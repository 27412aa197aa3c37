import type { ExplainOutput } from '../outputs.js'
import type { Style } from './style.js'
import { indent } from './text.js'

/** A paragraph a keyword: values are too long for columns. */
export function explainView(settings: ExplainOutput['settings'], style: Style): readonly string[] {
  const shared = settings.map(({ keyword, baseline, strict, reason, source, since, releases, fips, breaks }) => [
    style.bold(keyword),
    ...indent([
      ...(baseline === strict
        ? [`baseline and strict: ${baseline ?? ''}`]
        : [`baseline: ${baseline ?? 'as it is'}`, `strict: ${strict ?? 'as it is'}`]),
      `why: ${reason}`,
      `source: ${source}`,
      ...(since === undefined ? [] : [`OpenSSH ${since} and later`]),
      ...(releases === undefined ? [] : [`OpenSSH: ${releases}`]),
      ...(fips === undefined ? [] : [`FIPS mode: ${fips}`]),
      breaks === 'nothing known' ? `breaks: ${breaks}` : style.yellow(`breaks: ${breaks}`),
    ]),
  ])
  return [
    ...shared.flatMap((lines) => [...lines, '']),
    'stock: none of these lines, as the distribution ships it',
    'where no version stands, every supported OpenSSH knows the keyword (8.0 and later)',
  ]
}
