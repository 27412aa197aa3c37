/** What `explain` prints: data of a feature, without a host. */
import { explainHarden } from '../features/hardening/explain.js'
import type { Context } from './context.js'
import type { ExplainOutput } from './outputs.js'
import { explainView } from './views/explain.js'

export function runExplain(context: Context): ExplainOutput {
  const settings = explainHarden()
  context.print(explainView(settings, context.style))
  return { exit: 'ok', settings }
}
