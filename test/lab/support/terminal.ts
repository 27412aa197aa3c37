/** People and consoles at a real terminal: a program in a pty of its own, typed to and read from. */
import { execa } from 'execa'
import { enter, sshArgs } from '../../../lab/hosts/index.js'
import { code, nextSource, type Person } from '../harness.js'

/** Milliseconds between looks at what has been printed. */
const pace = 25

export class Terminal {
  readonly #child
  #text = ''
  #read = 0
  #exitCode: number | undefined

  /** ssh as a person runs it in a terminal window of 70 lines; a command gets a terminal too. */
  static login(host: string, person: Person, command?: string, ...args: readonly string[]): Terminal {
    const options = ['-o', 'NumberOfPasswordPrompts=1', ...(command === undefined ? [] : ['-t']), ...args]
    const argv = sshArgs(host, {
      user: person.name,
      key: person.key,
      from: nextSource(),
      interactive: true,
      args: options,
    })
    return new Terminal(['ssh', ...argv, ...(command === undefined ? [] : [command])])
  }

  /** A program of this machine with this environment and no other. */
  static run(env: NodeJS.ProcessEnv, ...argv: readonly string[]): Terminal {
    const settings = Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]))
    return new Terminal(['env', '-i', 'TERM=xterm', ...settings, ...argv])
  }

  /** A program of the host on a terminal of the host, without ssh. */
  static on(host: string, command: string): Terminal {
    return new Terminal(enter(host, ['script', '-qefc', command, '/dev/null']), false)
  }

  private constructor(argv: readonly string[], pty = true) {
    const inside = `stty rows 70 cols 150; exec ${argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')}`
    const [file = '', ...rest] = pty ? ['script', '-qefc', inside, '/dev/null'] : argv
    this.#child = execa(file, rest, {
      reject: false,
      buffer: false,
      stderr: 'ignore',
      timeout: 120_000,
      env: { SHELL: '/bin/sh', TERM: 'xterm' },
    })
    this.#child.stdin.on('error', () => undefined)
    this.#child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      this.#text += chunk
    })
    void this.#child.then(({ exitCode }) => {
      this.#exitCode = exitCode ?? -1
    })
  }

  /** All that was printed. */
  get text(): string {
    return this.#text
  }

  /** The secret that an enrolment has shown. */
  get secret(): string {
    return /secret key is: ([A-Z2-7]+)/.exec(this.#text)?.[1] ?? ''
  }

  type(keys: string): void {
    this.#child.stdin.write(keys)
  }

  /** Waits until the pattern shows behind what was seen before. @returns all printed since then, up to the end of the match. */
  async see(pattern: RegExp, seconds = 20): Promise<string> {
    for (const end = Date.now() + seconds * 1000; ;) {
      const found = pattern.exec(this.#text.slice(this.#read))
      if (found) {
        const seen = this.#text.slice(this.#read, this.#read + found.index + found[0].length)
        this.#read += found.index + found[0].length
        return seen
      }
      if (this.#exitCode !== undefined || Date.now() > end)
        throw new Error(`no ${String(pattern)} on the terminal, but: ${JSON.stringify(this.#text.slice(this.#read))}`)
      await new Promise((resolve) => setTimeout(resolve, pace))
    }
  }

  /**
   * Answers an enrolment's question, and waits for what it says then. google-authenticator(1) takes the code of this half minute and no
   * other, and asks again: so does this, where the half minute has ended on the way.
   */
  async enrols(expected: RegExp): Promise<void> {
    let said: string
    do {
      this.type(`${code(this.secret)}\n`)
      said = await this.see(new RegExp(`${expected.source}|Code incorrect.*Try again`, 's'))
    } while (said.endsWith('Try again'))
  }

  /** Waits for a shell's prompt, types a command and waits for its answer, which the echo of the command does not contain. */
  async works(): Promise<void> {
    await this.prompt()
    this.type('echo shell-$((40 + 2))-works\n')
    await this.see(/shell-42-works/)
  }

  /** Waits for a shell's prompt; readline may clear what is right of it. */
  async prompt(): Promise<void> {
    // eslint-disable-next-line no-control-regex -- as readline prints it
    await this.see(/[$#] (?:\u001B\[K)?$/)
  }

  /** Waits for the program's own end. @returns its exit code. */
  async ended(seconds = 20): Promise<number> {
    for (const end = Date.now() + seconds * 1000; this.#exitCode === undefined;) {
      if (Date.now() > end) throw new Error(`still open: ${JSON.stringify(this.#text.slice(-500))}`)
      await new Promise((resolve) => setTimeout(resolve, pace))
    }
    return this.#exitCode
  }

  /** Leaves a shell as people do. */
  async leave(): Promise<number> {
    await this.prompt()
    this.type('exit\n')
    return this.ended()
  }

  /** The window is closed, or the network gone. */
  async close(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#child
  }
}
