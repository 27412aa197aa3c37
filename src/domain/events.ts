import type { HostResult, LoginRecord, StepRecord } from './outcome.js'
import type { Step } from './steps.js'

/** What the engine says while it works. The code and its fields are a promise; wording belongs to the views. */
export type RunEvent =
  | { readonly code: 'step-started'; readonly step: Step; readonly hosts: readonly string[]; readonly wave?: number }
  | { readonly code: 'host-step'; readonly host: string; readonly record: StepRecord }
  | { readonly code: 'host-login'; readonly host: string; readonly record: LoginRecord }
  | { readonly code: 'host-done'; readonly result: HostResult }
  | { readonly code: 'step-finished'; readonly step: Step; readonly ms: number }
  | { readonly code: 'progress'; readonly step: Step; readonly done: number; readonly total: number }
  | {
      readonly code: 'safety-session'
      readonly state: 'opening' | 'open' | 'lost' | 'closed'
      readonly host: string
      readonly detail?: string
    }
  | { readonly code: 'note'; readonly text: string }

export type Emit = (event: RunEvent) => void
