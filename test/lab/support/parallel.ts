/** Many cases that mostly wait for a deadline: several at a time, each on a host as new. */
import { fresh, type Generation, generations, sampled, useLab } from '../harness.js'

export interface Case {
  readonly title: string
  /** Default: all. */
  readonly on?: readonly Generation[]
  /** One generation in turn in `npm test`. */
  readonly sample?: boolean
  readonly run: (host: string) => Promise<void>
}

interface Waiting {
  readonly title: string
  readonly release: string
  readonly run: (host: string) => Promise<void>
  readonly done: (failure?: Error) => void
}

/** The releases of the case at this place of a list. */
function releasesOf({ on = generations, sample = false }: Case, at: number): readonly Generation[] {
  const turn = on[at % on.length]
  return sample && turn !== undefined ? on.filter((release) => sampled(turn).includes(release)) : on
}

/**
 * Declares a lab of so many hosts of each release and a test for each case and release; they begin all together, before the first test, so
 * that mocha's --grep comes too late: BASTIONCTL_LAB_CASES takes a pattern instead. `prepare` makes a host out of one as new. What fails is
 * tried as often again as mocha's --retries has it, here, since mocha itself could but ask for the same result once more.
 */
export function inParallel(
  hostsEach: number,
  options: { readonly disk?: boolean },
  prepare: (host: string) => Promise<void>,
  cases: readonly Case[],
): void {
  // Where there is no time for all (test/run.js): each fourth, say. A multiple of the number of generations would always meet the same one.
  const step = Number(process.env.BASTIONCTL_LAB_SAMPLE ?? 1)
  const placed = cases.map((one, at) => ({ ...one, on: releasesOf(one, at) })).filter((_, at) => at % step === 0)
  const releases = generations.filter((release) => placed.some(({ on }) => on.includes(release)))
  // Where starting a program takes long (test/run.js), twelve changes at once are all late for what is timed.
  const each = process.env.BASTIONCTL_LAB_SLOW ? 1 : hostsEach
  const names = releases.flatMap((release) => Array.from({ length: each }, (_, n) => `${release}-${String(n)}`))
  // All with the factor's package: packages stay, and would be a difference.
  useLab(names.map((name) => ({ name, factor: true, ...options })))

  const queue: Waiting[] = []
  let stopped = false
  const wanted = new RegExp(process.env.BASTIONCTL_LAB_CASES ?? '')
  for (const { title, on, run } of placed) {
    for (const release of on) {
      if (!wanted.test(`${title} · ${release}`)) continue
      const result = new Promise<Error | undefined>((resolve) => {
        queue.push({ title, release, run, done: resolve })
      })
      it(`${title} · ${release}`, async function () {
        this.retries(0)
        const failure = await result
        if (failure) throw failure
      })
    }
  }

  before('cases begin', function () {
    const retries = this.test?.parent?.retries() ?? 0
    for (const host of names) void work(host, retries)
  })
  after('no case goes on', () => {
    stopped = true
  })

  async function work(host: string, retries: number): Promise<void> {
    for (let asNew = true; ; asNew = false) {
      const at = stopped ? -1 : queue.findIndex(({ release }) => host.startsWith(release))
      const [next] = at < 0 ? [] : queue.splice(at, 1)
      if (next === undefined) return
      let failure = await attempt(next, host, asNew)
      for (let left = retries; failure && left > 0 && !stopped; left -= 1) {
        console.log(`      once more on ${host}: ${next.title}\n${failure.message.replace(/^/gm, '        ')}`)
        failure = await attempt(next, host, false)
      }
      next.done(failure)
    }
  }

  async function attempt({ run }: Waiting, host: string, asNew: boolean): Promise<Error | undefined> {
    try {
      if (!asNew) await fresh(host)
      await prepare(host)
      await run(host)
      return undefined
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error))
    }
  }
}
