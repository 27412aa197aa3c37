/** The template engine: files under templates/, data in, text out. Knows nothing of features. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Eta } from 'eta'
import { normalise } from './text.js'

/** templates/ of the package; two levels up from src/render and from dist/render alike. */
const root = fileURLToPath(new URL('../../templates/', import.meta.url))

const eta = new Eta({
  views: `${root}partials`,
  autoEscape: true,
  autoTrim: false,
  escapeFunction: plain,
  cache: false,
})

export type TemplateValue =
  string | number | boolean | readonly TemplateValue[] | { readonly [key: string]: TemplateValue }
export type TemplateData = Readonly<Record<string, TemplateValue>>

/**
 * Renders `templates/<name>.eta`. Throws (a bug, not an expected failure) for a key that the data does not have, for
 * a value with a line break or another control character, and for one that is not text, number or boolean.
 */
export function render(name: string, data: TemplateData): string {
  return renderText(readFileSync(`${root}${name}.eta`, 'utf8'), data)
}

/** A template by name, and what it is given: for those who say what is rendered without rendering it. */
export interface Rendering {
  readonly template: string
  readonly data: TemplateData
}

export const renderedBy = ({ template, data }: Rendering): string => render(template, data)

/** The same for a template's text. */
export function renderText(template: string, data: TemplateData): string {
  return normalise(eta.renderString(normalise(template), strict(data)))
}

/** Escaping repairs nothing: what would need escaping has no business in a configuration file. */
function plain(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value !== 'string')
    throw new TypeError(`a template value is ${value === undefined ? 'missing' : `of type ${typeof value}`}`)
  if (/\p{Cc}|[\u2028\u2029\uFEFF]/u.test(value))
    throw new TypeError(`a template value has a control character: ${JSON.stringify(value)}`)
  return value
}

function strict(data: TemplateData): TemplateData {
  return new Proxy(data, {
    get(target, key) {
      if (typeof key === 'symbol') return undefined
      if (!Object.hasOwn(target, key)) throw new ReferenceError(`unknown key in a template: "${key}"`)
      return guard(target[key])
    },
  })
}

function guard(value: TemplateValue | undefined): TemplateValue | undefined {
  if (Array.isArray(value)) return (value as readonly TemplateValue[]).map((item) => guard(item) ?? '')
  return isData(value) ? strict(value) : value
}

function isData(value: TemplateValue | undefined): value is TemplateData {
  return typeof value === 'object' && !Array.isArray(value)
}
