/** A new second factor reaches the operator once: on the terminal, or in new files that only the operator can read. */
import { unlink } from 'node:fs/promises'
import { accountsWithSecrets } from '../domain/change.js'
import { BastionError } from '../domain/errors.js'
import type { Plan } from '../domain/plan.js'
import type { Policy } from '../domain/policy.js'
import type { NewFactor } from '../features/users/new-factor.js'
import type { Context } from './context.js'
import { checkNew, writeNew, writeProblem } from './new-file.js'
import { idleFile } from './user-flags.js'

export interface HandOverFlags {
  readonly qr?: string | undefined
  readonly uri?: string | undefined
  readonly codes?: string | undefined
  readonly issuer?: string | undefined
}

/** What is made: a factor with its scratch codes, or those alone. */
export type Made = 'totp' | 'codes'

const fileFlags = {
  totp: 'name a file for it with --uri, and one for a QR code with --qr beside it',
  codes: 'name a file for it with --codes',
} as const

/** What a change by this policy makes for somebody; undefined: nothing. */
export function madeBy(policy: Policy): Made | undefined {
  if (policy.feature !== 'users') return undefined
  if (policy.action === 'add') return policy.factor === 'totp' ? 'totp' : undefined
  return policy.action === 'factor' && policy.factor !== 'first-login' ? policy.factor : undefined
}

/** Throws `usage` for a file that nothing of a saved plan would come into. */
export function refuseIdle(policy: Policy, flags: HandOverFlags): void {
  const flag = idleFile(madeBy(policy), flags)
  if (flag === undefined) return
  throw new BastionError(
    'usage',
    `the plan makes nothing that ${flag} could name a file for`,
    `leave ${flag} out: what is made was settled with the plan`,
  )
}

const hints = { taken: 'name a new file', elsewhere: 'name a new file in a folder of yours' }

/** Throws `usage` where nobody would see what is made, or a file for it could not be written. */
export async function checkHandOver(context: Context, flags: HandOverFlags, made: Made): Promise<void> {
  const files = filesOf(flags)
  if (files.length === 0 && !context.interactive)
    throw new BastionError('usage', 'nobody would see what is made: there is no terminal', fileFlags[made])
  if (flags.qr !== undefined && flags.uri === undefined)
    throw new BastionError('usage', '--qr has no scratch codes in it', 'name a file for them as well, with --uri')
  for (const file of files) await checkNew(file, hints)
}

export class HandOver {
  #shown = false
  readonly #written: string[] = []

  private constructor(
    private readonly context: Context,
    private readonly factors: readonly NewFactor[],
    private readonly flags: HandOverFlags,
  ) {}

  /**
   * Makes what the plan's accounts are given. Files are written before anything is sent, so that nothing is in place that nobody has.
   * Throws `usage` where one cannot be written.
   */
  static async prepare(context: Context, plan: Plan, flags: HandOverFlags): Promise<HandOver> {
    const wanted = new Map<string, Made>()
    for (const { name, factor } of plan.changes.flatMap(accountsWithSecrets))
      if (wanted.get(name) !== 'totp') wanted.set(name, factor === 'totp' ? 'totp' : 'codes')
    const { makeFactor } = await import('../features/users/new-factor.js')
    const factors = [...wanted].map(([name, what]) => makeFactor(name, what))
    const handOver = new HandOver(context, factors, flags)
    if (factors.length > 0) await handOver.#writeFiles()
    return handOver
  }

  /** In clear, by account: for sealing. */
  async secrets(): Promise<ReadonlyMap<string, string>> {
    const { forHost } = await import('../features/users/new-factor.js')
    return new Map(this.factors.map((factor) => [factor.account, forHost(factor)]))
  }

  /** Says where it is, or shows it, the first time that a host has it. */
  async show(): Promise<void> {
    if (this.#shown || this.factors.length === 0) return
    this.#shown = true
    if (this.#written.length > 0) {
      this.context.tell(
        `${this.#areCodes() ? 'the new scratch codes are' : 'the new factor is'} in ${this.#written.map((file) => `"${file}"`).join(' and ')}: hand ${this.#areCodes() ? 'them' : 'it'} over and delete ${this.#written.length > 1 ? 'the files' : 'the file'}`,
      )
      return
    }
    // Where questions are asked, too: what goes to stdout may go on into a file.
    for (const factor of this.factors) this.context.tell((await this.#onTerminal(factor)).join('\n'))
  }

  /** The change is undone everywhere: the files would open nothing. */
  async withdraw(): Promise<void> {
    if (this.factors.length === 0) return
    await this.#takeBack()
    if (this.#shown)
      this.context.tell(
        `what was shown of ${this.#areCodes() ? 'new scratch codes' : 'a new factor'} opens nothing: the change was undone`,
      )
  }

  #areCodes(): boolean {
    return this.factors.every(({ secret }) => secret === undefined)
  }

  async #writeFiles(): Promise<void> {
    const { keyUri } = await import('../features/users/new-factor.js')
    const { qr, uri, codes, issuer = '' } = this.flags
    const text = this.factors.flatMap((factor) => [
      ...(factor.secret === undefined ? [] : [keyUri(factor, issuer)]),
      ...factor.codes,
    ])
    const [first] = this.factors
    const write = async (file: string, content: string | Uint8Array): Promise<void> => {
      await writeOwn(file, content)
      this.#written.push(file)
    }
    try {
      for (const file of [uri, codes]) if (file !== undefined) await write(file, `${text.join('\n')}\n`)
      if (qr === undefined || first?.secret === undefined) return
      const { generate } = await import('lean-qr')
      const { toPngBuffer } = await import('lean-qr/extras/node_export')
      // White, and not what the library leaves transparent: dark viewers would show a black square.
      await write(qr, toPngBuffer(generate(keyUri(first, issuer)), { scale: 8, off: [255, 255, 255] }))
    } catch (error) {
      await this.#takeBack()
      throw error
    }
  }

  async #takeBack(): Promise<void> {
    for (const file of this.#written.splice(0)) await unlink(file).catch(() => undefined)
  }

  async #onTerminal(factor: NewFactor): Promise<string[]> {
    const { account, secret, codes } = factor
    const told = ['scratch codes, each good for one login on each host:', ...codes.map((code) => `  ${code}`), '']
    if (secret === undefined) return ['', `new scratch codes of ${account}, shown this once`, ...told]
    const { keyUri } = await import('../features/users/new-factor.js')
    const typed = (secret.match(/.{1,4}/g) ?? []).join(' ')
    return [
      '',
      `the second factor of ${account}, shown this once: scan it with an authenticator app`,
      ...(await qrLines(keyUri(factor, this.flags.issuer ?? ''))),
      `or type it in: ${typed}`,
      ...told,
    ]
  }
}

function filesOf({ qr, uri, codes }: HandOverFlags): string[] {
  return [qr, uri, codes].filter((file) => file !== undefined)
}

/** Two rows of modules a line; what is light is drawn, since terminals are mostly dark. */
async function qrLines(text: string): Promise<string[]> {
  const { generate } = await import('lean-qr')
  const code = generate(text)
  const quiet = 2
  const blocks = [' ', '▄', '▀', '█']
  const light = (x: number, y: number): boolean => y < code.size + quiet && !code.get(x, y)
  const lines: string[] = []
  for (let y = -quiet; y < code.size + quiet; y += 2) {
    let line = ''
    for (let x = -quiet; x < code.size + quiet; x++)
      line += blocks[(light(x, y) ? 2 : 0) + (light(x, y + 1) ? 1 : 0)] ?? ''
    lines.push(line)
  }
  return lines
}

async function writeOwn(path: string, content: string | Uint8Array): Promise<void> {
  try {
    await writeNew(path, content)
  } catch (error) {
    throw writeProblem(path, error, hints)
  }
}
