import { digestValue } from './digest.js'
import { BastionError } from './errors.js'
import { planSchema, type Plan } from './plan.js'
import { planFile } from './plan-schema.js'

export { withDigest } from './plan-digest.js'

const again = 'make a new plan with --dry-run --out'

/** Reads a plan file's text; `name` is how messages call it. Throws `bad-plan`. */
export function parsePlan(text: string, name: string): Plan {
  const raw = parseJson(text, name)
  checkSchema(raw, name)
  const parsed = planFile.safeParse(raw)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const where = issue === undefined || issue.path.length === 0 ? 'its top' : issue.path.join('.')
    const what = (issue?.message ?? 'not understood').toLowerCase()
    throw new BastionError('bad-plan', `"${name}" is malformed at ${where}: ${what}`, again)
  }
  const { digest, ...body } = raw
  if (digest !== digestValue(body)) {
    throw new BastionError('bad-plan', `"${name}" was edited after it was made: its digest does not fit`, again)
  }
  checkReferences(parsed.data, name)
  return parsed.data
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new BastionError('bad-plan', `"${name}" is not JSON`, again, { cause })
  }
}

function checkSchema(raw: unknown, name: string): asserts raw is Record<string, unknown> {
  const schema = typeof raw === 'object' && raw !== null && 'schema' in raw ? raw.schema : undefined
  if (schema === planSchema) return
  if (typeof schema === 'string' && schema.startsWith('bastionctl/plan/')) {
    throw new BastionError(
      'bad-plan',
      `"${name}" is of schema "${schema}", and this bastionctl reads "${planSchema}"`,
      'apply it with the version that made it (its "tool"), or make a new plan',
    )
  }
  throw new BastionError('bad-plan', `"${name}" is no plan of bastionctl`, 'give a file that --out has written')
}

/** Names inside the plan must lead somewhere, or apply would quietly do less than was reviewed. */
function checkReferences(plan: Plan, name: string): void {
  const changes = new Set(plan.changes.map((change) => change.digest))
  const changing = new Set(plan.hosts.filter((host) => host.change !== undefined).map((host) => host.id))
  const known = new Set(plan.hosts.map((host) => host.id))
  const waved = plan.waves.flat()
  const lost =
    plan.hosts.find((host) => host.change !== undefined && !changes.has(host.change))?.id ??
    waved.find((id, at) => !changing.has(id) || waved.indexOf(id) !== at) ??
    [...changing].find((id) => !waved.includes(id)) ??
    plan.hosts.find(({ behind = [] }) => behind.some((id) => !known.has(id)))?.id
  if (lost === undefined) return
  throw new BastionError(
    'bad-plan',
    `"${name}" is malformed: its hosts, changes and waves disagree about "${lost}"`,
    again,
  )
}
