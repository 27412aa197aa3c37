/** XML as the Query protocols answer it: a list's members are elements of one name. */

export type Xml = string | number | boolean | readonly Xml[] | { readonly [name: string]: Xml | undefined }

/** Renders the children of an element; each member of a list becomes `<item>`, as EC2 has it. */
export function xml(value: Xml): string {
  if (typeof value !== 'object') return escape(String(value))
  if (isList(value)) return value.map((member) => `<item>${xml(member)}</item>`).join('')
  return Object.entries(value)
    .map(([name, child]) => (child === undefined ? '' : `<${name}>${xml(child)}</${name}>`))
    .join('')
}

const isList = (value: Xml): value is readonly Xml[] => Array.isArray(value)

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
