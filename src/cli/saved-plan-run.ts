import { accountsWithSecrets } from '../domain/change.js'
import { BastionError } from '../domain/errors.js'
import { applyPlan, checkApplyFlags, sessionOf } from './apply-run.js'
import { checkHandOver, type HandOverFlags } from './hand-over.js'
import type { ChangeOutput } from './outputs.js'
import type { Context } from './context.js'
import type { ApplyFlags } from './flags.js'
import { loadPlan } from './plan-store.js'
import { planView } from './views/plan.js'

/** Applies a plan from a file. Throws `bad-plan` and `usage` before anything is asked of AWS. */
export async function runSavedPlan(
  context: Context,
  path: string,
  flags: ApplyFlags & HandOverFlags,
): Promise<ChangeOutput> {
  const plan = await loadPlan(path)
  checkApplyFlags(context, flags)
  if (plan.changes.flatMap(accountsWithSecrets).length > 0) await checkHandOver(context, flags)
  context.print(planView(plan, context.style))
  const world = await context.open(sessionOf(flags))
  if (world.region !== plan.region) {
    throw new BastionError(
      'usage',
      `the plan is for ${plan.region}, and this is ${world.region}`,
      `run "AWS_REGION=${plan.region} bastionctl apply ${path}"`,
    )
  }
  return applyPlan(context, world, plan, flags)
}
