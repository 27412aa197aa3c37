import { hostname, userInfo } from 'node:os'

/** Who asks, as hosts record it: `name@machine`. */
export function operator(): string {
  return `${userName()}@${hostname()}`
}

/** A container's uid may have no entry in passwd, and userInfo() throws then. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return process.env['USER'] ?? `uid ${String(process.getuid?.() ?? '?')}`
  }
}
