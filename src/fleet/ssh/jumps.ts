/** Jump hosts in ssh's own settings: ssh_config(5), ProxyJump and ProxyCommand. */

export interface Jump {
  /** Address, name or alias. */
  readonly host: string
  readonly user?: string
}

/** The values as `ssh -G` prints them, tokens such as %h not expanded; what holds one is left out. */
export function jumpsOf(settings: { readonly proxyJump: string; readonly proxyCommand: string }): Jump[] {
  const words = [...settings.proxyJump.split(','), ...destinations(settings.proxyCommand)]
  return words.flatMap((word) => jump(word) ?? [])
}

/** Options of ssh(1) that take a value, alone or at the end of several. */
const takesValue = /^-[A-Za-z]*[BbcDEeFIiJLlmOoPpQRSWw]$/

/** Where the first ssh in a command line connects to, and through what (-J). Any other program's words mean other things. */
function destinations(command: string): readonly string[] {
  const words = command.split(/[\s'"]+/)
  const found: string[] = []
  const program = words.findIndex((word) => /^(?:.*[\\/])?ssh(?:\.exe)?$/.test(word))
  if (program < 0) return found
  for (let at = program + 1; at < words.length; at++) {
    const word = words[at] ?? ''
    if (!word.startsWith('-')) return [...found, word]
    if (!takesValue.test(word)) continue
    at++
    if (word.endsWith('J')) found.push(...(words[at] ?? '').split(','))
  }
  return found
}

/** `[user@]host[:port]` or `ssh://[user@]host[:port]`, IPv6 in brackets or, without a port, bare. */
function jump(word: string): Jump | undefined {
  const {
    user,
    bracketed,
    host = bracketed,
  } = /^(?:ssh:\/\/)?(?:(?<user>[\w.-]+)@)?(?:\[(?<bracketed>[\w.:]+)\]|(?<host>\w[\w.-]*|\w[\w:.]*:[\w:.]*:[\w.]*))(?::\d+)?\/?$/.exec(
    word,
  )?.groups ?? {}
  if (host === undefined || host === 'none') return undefined
  return { host, ...(user !== undefined && { user }) }
}
