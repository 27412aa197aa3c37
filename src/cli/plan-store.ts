/** Plans as files. */
import { link, readFile, rename, unlink } from 'node:fs/promises'
import { BastionError } from '../domain/errors.js'
import type { Plan } from '../domain/plan.js'
import { formatPlan } from '../domain/sign-plan.js'
import { fileProblem } from './file-problem.js'
import { checkNew, temporaryFor, writeNew, writeProblem } from './new-file.js'

const hints = {
  taken: 'give --out another name, or --yes to replace it',
  elsewhere: 'give --out a name in a folder of yours',
}

/** Throws `usage` if the file cannot be read, `bad-plan` if it is no plan that can be applied. */
export async function loadPlan(path: string): Promise<Plan> {
  const text = await read(path)
  const { parsePlan } = await import('../domain/plan-file.js')
  return parsePlan(text, path)
}

/** Throws `usage` where {@link savePlan} would. */
export function checkOut(path: string, replace: boolean): Promise<void> {
  return checkNew(path, hints, replace)
}

/** Writes the whole file or none of it, readable by its owner alone. Replaces an existing one only if told so. */
export async function savePlan(path: string, plan: Plan, replace: boolean): Promise<void> {
  const temporary = temporaryFor(path)
  try {
    await writeNew(temporary, formatPlan(plan))
    try {
      // link(2) fails where the name is taken; rename(2) would replace it.
      await (replace ? rename(temporary, path) : link(temporary, path))
    } finally {
      await unlink(temporary).catch(() => undefined)
    }
  } catch (error) {
    throw writeProblem(path, error, hints)
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
