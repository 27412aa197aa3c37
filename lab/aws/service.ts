/** What a request to any of the services has in common. */

import type { World } from './world.js'
import type { Store } from './store.js'
import type { Dispatcher } from './rollout.js'

export interface Backend {
  readonly world: World
  readonly store: Store
  readonly dispatcher: Dispatcher
}

/** `input` is the request's JSON or its form, as the client sent it. */
export type Operation = (backend: Backend, input: Record<string, unknown>, region: string) => unknown
