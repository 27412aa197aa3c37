/** How fast the endpoint is. The defaults are for tests; `likeAws` has the pace measured on a real agent. */

export interface Settings {
  /** From SendCommand until the agent has the command. */
  deliveryMs: number
  /** How often the endpoint looks again whether an agent has come back. */
  pollMs: number
  /** From a script's end until its result can be read. */
  reportMs: number
  /** How long after SendCommand an invocation cannot be seen (GetCommandInvocation: InvocationDoesNotExist). */
  visibleMs: number
  /** The number of hosts a command may run on doubles each time this has passed, up to MaxConcurrency. */
  rampMs: number
  /** Length of one of TimeoutSeconds' seconds; smaller makes an offline agent time out sooner. */
  deliverySecondMs: number
  /** Length of one of executionTimeout's seconds. */
  executionSecondMs: number
  /** Upper limit of every page, so that paging can be seen with a handful of hosts. */
  pageLimit: number
  /** What becomes of a command that was not delivered in time: AWS answers either. */
  undelivered: 'DeliveryTimedOut' | 'Undeliverable'
  /** What becomes of a command whose agent died: nothing until the total timeout, or Failed once the agent is back. */
  afterDeath: 'hang' | 'fail'
}

export const defaults: Readonly<Settings> = {
  deliveryMs: 20,
  pollMs: 50,
  reportMs: 5,
  visibleMs: 100,
  rampMs: 20,
  deliverySecondMs: 1000,
  executionSecondMs: 1000,
  pageLimit: 1000,
  undelivered: 'DeliveryTimedOut',
  afterDeath: 'hang',
}

/** One round trip through a real agent takes one to two seconds whatever it does. */
export const likeAws: Readonly<Settings> = {
  ...defaults,
  deliveryMs: 900,
  reportMs: 400,
  visibleMs: 300,
  rampMs: 1000,
  pollMs: 1000,
}
