/** The lock, which whoever has recorded nothing takes away again while others may wait for it. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { scratchFolder } from '../support/scratch-folder.js'
import { programsAside } from '../support/host-aside.js'

describe('the lock', function () {
  let begun: Program[] = []
  before(function () {
    // It is looked up in /proc, and flock(1) is util-linux's.
    if (process.platform !== 'linux') this.skip()
  })
  afterEach(async () => {
    for (const program of begun) await program.end()
    begun = []
  })
  // Behind the programs, which would make it again.
  const folder = scratchFolder('lock')
  /** All that is in it is the lock's. */
  const around = (): string => path.join(folder(), 'around')
  const at = (): string => path.join(around(), 'state')
  let lib = ''
  beforeEach(() => {
    mkdirSync(around())
    lib = programsAside(folder())
  })

  /** A program that asks for the lock, and then does as it is told, a line of shell each. */
  class Program {
    readonly #child: ChildProcessByStdio<Writable, Readable, null>
    #said = ''

    constructor(seconds: number) {
      const script = `. "$0/env.sh"; . "$0/state.sh"; STATE=$1 CHANGES=$1/changes
        lock ${String(seconds)}; echo "lock=$?"
        while read -r line; do eval "$line"; echo done; done`
      this.#child = spawn('sh', ['-c', script, lib, at()], { stdio: ['pipe', 'pipe', 'inherit'] })
      this.#child.stdout.on('data', (chunk: Buffer) => {
        this.#said += chunk.toString()
      })
      begun.push(this)
    }

    async #says(pattern: RegExp, seconds = 10): Promise<string> {
      await until(() => pattern.test(this.#said), seconds)
      const said = this.#said
      this.#said = ''
      return said
    }

    /** 0: it has the lock; 1: somebody else has it. */
    async lock(): Promise<number> {
      return Number(/lock=(\d)/.exec(await this.#says(/^lock=\d$/m))?.[1])
    }

    async does(line: string, seconds?: number): Promise<void> {
      this.#child.stdin.write(`${line}\n`)
      await this.#says(/^done$/m, seconds)
    }

    /** Waits until it waits for the lock. */
    async waits(): Promise<void> {
      const pid = String(this.#child.pid)
      const children = (): string[] => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')
      await until(() => children().some((child) => child !== '' && nameOf(child) === 'flock'))
    }

    async end(): Promise<void> {
      if (this.#child.exitCode !== null) return
      const ended = once(this.#child, 'close')
      this.#child.stdin.end()
      await ended
    }
  }

  it('goes, with its folder, where nothing was recorded', async () => {
    const one = new Program(0)
    expect(await one.lock()).to.equal(0)
    await one.does('echo >"$STATE/holder"; leave_nothing')
    expect(readdirSync(around())).to.deep.equal([])
  })

  it('stays where something was, or where the folder was there before', async () => {
    const one = new Program(0)
    expect(await one.lock()).to.equal(0)
    await one.does('mkdir "$CHANGES/one"; leave_nothing')
    await one.end()
    expect(readdirSync(at())).to.deep.equal(['changes', 'lock'])
    rmSync(at(), { recursive: true })
    mkdirSync(at())
    const two = new Program(0)
    expect(await two.lock()).to.equal(0)
    await two.does('leave_nothing')
    expect(readdirSync(at())).to.deep.equal(['changes', 'lock'])
  })

  it('is not taken away by who has not got it', async () => {
    const one = new Program(0)
    expect(await one.lock()).to.equal(0)
    const two = new Program(0)
    expect(await two.lock()).to.equal(1)
    await two.does('leave_nothing')
    expect(readdirSync(at())).to.deep.equal(['changes', 'lock'])
  })

  it('goes with whoever has it last, who need not have made it', async () => {
    const one = new Program(0)
    expect(await one.lock()).to.equal(0)
    // A rehearsal, which makes none, has it while others ask for it.
    await one.does('exec 9>&-; LOCKED=; lock_as_it_is 0')
    const two = new Program(0)
    expect(await two.lock()).to.equal(1)
    await two.does('leave_nothing')
    await one.does('leave_nothing')
    expect(readdirSync(around())).to.deep.equal([])
    await one.does('lock_as_it_is 0; leave_nothing')
    expect(readdirSync(around())).to.deep.equal([])
  })

  it('goes, too, where somebody asks for it just when it is taken away', async () => {
    const steps = ['rmdir "$CHANGES"', 'rm "$STATE/lock"', 'rmdir "$STATE" 2>/dev/null']
    for (const done of [1, 2]) {
      const one = new Program(0)
      expect(await one.lock()).to.equal(0)
      await one.does(steps.slice(0, done).join('; '))
      const two = new Program(10)
      await until(() => existsSync(path.join(at(), 'changes')))
      await one.does(steps.slice(done).join('; '))
      await one.end()
      expect(await two.lock()).to.equal(0)
      await two.does('leave_nothing')
      expect(readdirSync(around())).to.deep.equal([])
    }
  })

  it('is the file that is there for who has waited for one that is gone', async () => {
    const one = new Program(0)
    expect(await one.lock()).to.equal(0)
    const two = new Program(10)
    await two.waits()
    await one.does('leave_nothing')
    await one.end()
    expect(await two.lock()).to.equal(0)
    const three = new Program(0)
    expect(await three.lock()).to.equal(1)
    await two.does('leave_nothing')
    expect(readdirSync(around())).to.deep.equal([])
  })

  it('is one for all of many that come and go', async function () {
    // A hundred programs and more, one behind the other.
    this.timeout('2m')
    const rounds = [
      'for round in 1 2 3 4 5 6 7 8',
      'do until lock 10',
      'do :',
      'done',
      'mkdir "$STATE.busy" || echo "two at once" >>"$STATE.log"',
      'sleep 0.01; rmdir "$STATE.busy"',
      'leave_nothing',
      'done',
      'echo ended >>"$STATE.log"',
      'exec 9>&-',
    ].join('; ')
    const all = Array.from({ length: 4 }, () => new Program(10))
    await Promise.all(
      all.map(async (program) => {
        await program.lock()
        await program.does('leave_nothing; exec 9>&-')
      }),
    )
    await Promise.all(all.map((program) => program.does(rounds, 90)))
    expect(readFileSync(`${at()}.log`, 'utf8')).to.equal('ended\n'.repeat(all.length))
    expect(readdirSync(around())).to.deep.equal(['state.log'])
  })
})

async function until(test: () => boolean, seconds = 10): Promise<void> {
  for (const end = Date.now() + seconds * 1000; !test();) {
    if (Date.now() > end) throw new Error(`not within ${String(seconds)} s: ${String(test)}`)
    await sleep(10)
  }
}

function nameOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return ''
  }
}
