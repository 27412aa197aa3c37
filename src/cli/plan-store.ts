/** Plans as files. */
import { link, readFile, rename, unlink } from 'node:fs/promises'
import { BastionError } from '../domain/errors.js'
import type { Plan } from '../domain/plan.js'
import { formatPlan } from '../domain/plan-digest.js'
import { codeOf, fileProblem } from './file-problem.js'
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

/** Writes the whole file or none of it, readable by its owner alone. Replaces an existing one only if told so. `hardLink` is for tests. */
export async function savePlan(path: string, plan: Plan, replace: boolean, hardLink = link): Promise<void> {
  const temporary = temporaryFor(path)
  try {
    await writeNew(temporary, formatPlan(plan))
    try {
      await (replace ? rename(temporary, path) : publish(temporary, path, hardLink))
    } finally {
      await unlink(temporary).catch(() => undefined)
    }
  } catch (error) {
    throw writeProblem(path, error, hints)
  }
}

/** What link(2) says on file systems without hard links, such as FAT and shared folders; EMLINK: without further ones. */
const noLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

/** link(2) fails where the name is taken; rename(2) would replace it. Without links the name is taken first, by an empty file. */
async function publish(temporary: string, path: string, hardLink: typeof link): Promise<void> {
  try {
    await hardLink(temporary, path)
  } catch (error) {
    if (!noLinks.has(codeOf(error) ?? '')) throw error
    await writeNew(path, '')
    try {
      await rename(temporary, path)
    } catch (failed) {
      await unlink(path)
      throw failed
    }
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
