import type { Emit, RunEvent } from '../../domain/events.js'
import type { Step } from '../../domain/steps.js'
import { count, firstLine, printable } from './text.js'
import { outcomeWords } from './words.js'

const doing: Readonly<Record<Step, string>> = {
  select: 'looking for hosts',
  inspect: 'inspecting',
  plan: 'planning',
  install: 'installing',
  rehearse: 'rehearsing logins',
  arm: 'arming the guard',
  commit: 'changing',
  reload: 'reloading sshd',
  prove: 'proving by real logins',
  confirm: 'confirming',
  'roll-back': 'rolling back',
}

/** Hosts by their names for people; records and --json keep the ids. */
export function withNames(emit: Emit, hosts: readonly { readonly id: string; readonly name: string }[]): Emit {
  const names = new Map(hosts.map(({ id, name }) => [id, name]))
  return (event) => {
    emit('host' in event ? { ...event, host: names.get(event.host) ?? event.host } : event)
  }
}

interface Settings {
  readonly tell: (text: string) => void
  /** Every step and login of every host, not only those that failed. */
  readonly verbose: boolean
  /** A terminal gets a counter that rewrites its own line; anything else one plain line an event. */
  readonly stream: { readonly isTTY?: boolean; write(text: string): unknown }
}

/** Tells what happens while a run goes on: people read it, programs read --json. */
export function progressView(settings: Settings): Emit {
  const { tell, verbose, stream } = settings
  let counting = false
  return (event) => {
    if (event.code === 'progress') {
      if (stream.isTTY !== true) return
      stream.write(`\r\u001B[K${doing[event.step]}: ${String(event.done)} of ${count(event.total, 'host')}`)
      counting = true
      return
    }
    if (counting) stream.write('\r\u001B[K')
    counting = false
    const line = eventLine(event, verbose)
    if (line !== undefined) tell(line)
  }
}

/** One event in words; nothing for those that only --verbose shows. */
export function eventLine(event: RunEvent, verbose: boolean): string | undefined {
  switch (event.code) {
    case 'step-started': {
      const where = event.hosts.length === 0 ? '' : ` on ${count(event.hosts.length, 'host')}`
      const wave = event.wave === undefined ? '' : `wave ${String(event.wave)}: `
      return `${wave}${doing[event.step]}${where}`
    }
    case 'host-step': {
      const { step, result, ms, detail } = event.record
      if (result !== 'failed' && !verbose) return undefined
      const took = `${String(ms)} ms`
      return `  ${printable(event.host)}: ${step} ${result} (${took})${detail === undefined ? '' : `: ${firstLine(detail)}`}`
    }
    case 'host-login': {
      const { id, phase, account, got, expect, ok } = event.record
      if (ok && !verbose) return undefined
      const verdict = ok ? `${got}, as expected` : `${got}, expected ${expect}`
      return `  ${printable(event.host)}: ${phase} login ${printable(id)} as ${printable(account)}: ${verdict}`
    }
    case 'host-done': {
      const { name, outcome, detail } = event.result
      return `  ${printable(name)}: ${outcomeWords[outcome]}${detail === undefined ? '' : `: ${firstLine(detail)}`}`
    }
    case 'step-finished':
      return verbose ? `${doing[event.step]}: done in ${String(event.ms)} ms` : undefined
    case 'safety-session':
      return `safety session on ${printable(event.host)}: ${event.state}${event.detail === undefined ? '' : `: ${printable(event.detail)}`}`
    case 'note':
      return printable(event.text)
    case 'progress':
      return undefined
  }
}
