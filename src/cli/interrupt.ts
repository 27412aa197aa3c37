/**
 * Ctrl-C. The first one aborts: nothing more is sent, the engine reports how hosts stand, and the run ends by itself.
 * The second one ends the process at once; guards on the hosts need nobody.
 */
export function abortOnInterrupt(tell: (text: string) => void): AbortSignal {
  const controller = new AbortController()
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(130)
    tell('stopping: nothing more is sent (Ctrl-C once more ends at once; armed guards put hosts back by themselves)')
    controller.abort()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  return controller.signal
}
