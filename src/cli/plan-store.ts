/** Plans as files. */
import { randomBytes } from 'node:crypto'
import { link, readFile, rename, unlink } from 'node:fs/promises'
import { BastionError } from '../domain/errors.js'
import type { Plan } from '../domain/plan.js'
import { formatPlan } from '../domain/sign-plan.js'
import { codeOf, fileProblem } from './file-problem.js'
import { isThere, writeNew } from './new-file.js'

/** Throws `usage` if the file cannot be read, `bad-plan` if it is no plan that can be applied. */
export async function loadPlan(path: string): Promise<Plan> {
  const text = await read(path)
  const { parsePlan } = await import('../domain/plan-file.js')
  return parsePlan(text, path)
}

/** Throws `usage` if there is a file already: said before anything is asked of a host, not after. */
export async function refuseExisting(path: string): Promise<void> {
  if (await isThere(path)) throw existing(path)
}

/** Writes the whole file or none of it, readable by its owner alone. Replaces an existing one only if told so. */
export async function savePlan(path: string, plan: Plan, replace: boolean): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`
  try {
    await writeNew(temporary, formatPlan(plan))
    try {
      // link(2) fails where the name is taken; rename(2) would replace it.
      await (replace ? rename(temporary, path) : link(temporary, path))
    } finally {
      await unlink(temporary).catch(() => undefined)
    }
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw existing(path)
    throw new BastionError(
      'usage',
      `cannot write "${path}": ${fileProblem(error)}`,
      'give --out a name in a folder of yours',
    )
  }
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new BastionError(
      'usage',
      `cannot read "${path}": ${fileProblem(error)}`,
      'give the file that --out has written',
    )
  }
}

function existing(path: string): BastionError {
  return new BastionError('usage', `"${path}" is there already`, 'give --out another name, or --yes to replace it')
}
