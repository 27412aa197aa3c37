import { accountsWithSecrets } from '../domain/change.js'
import { BastionError } from '../domain/errors.js'
import { hasChanges } from '../domain/plan-groups.js'
import { applyPlan, checkApplyFlags, sessionOf } from './apply-run.js'
import { checkHandOver, refuseIdle, type HandOverFlags } from './hand-over.js'
import type { ChangeOutput } from './outputs.js'
import type { Context } from './context.js'
import type { ApplyFlags } from './flags.js'
import { loadPlan } from './plan-store.js'
import { planView, stayingView } from './views/plan.js'

/** Applies a plan from a file. Throws `bad-plan` and `usage` before anything is asked of AWS. */
export async function runSavedPlan(
  context: Context,
  path: string,
  flags: ApplyFlags & HandOverFlags,
): Promise<ChangeOutput> {
  const plan = await loadPlan(path)
  checkApplyFlags(context, flags)
  const given = plan.changes.flatMap(accountsWithSecrets)
  if (given.length > 0)
    await checkHandOver(context, flags, given.some(({ factor }) => factor === 'totp') ? 'totp' : 'codes')
  if (!hasChanges(plan)) {
    context.print(['the plan holds no changes: no host was asked', ...stayingView(plan)])
    return { exit: 'ok', plan }
  }
  refuseIdle(plan.policy, flags)
  const passed = plan.changes.find(({ sunset }) => sunset && passedSince(plan.createdAt, sunset.at * 1000))?.sunset
  if (passed)
    throw new BastionError(
      'stale',
      `the plan ends first login at ${new Date(passed.at * 1000).toISOString()}, and that has passed`,
      'plan anew, with another --grace where the date is to move',
    )
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

/** A date that had passed already when the plan was made is one that a host is late with: the plan says so. */
function passedSince(createdAt: string, date: number): boolean {
  return date > Date.parse(createdAt) && date <= Date.now()
}
