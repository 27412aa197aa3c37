import { expect } from 'chai'
import { BastionError } from '../../src/domain/errors.js'
import { verdict } from '../../src/domain/verdict.js'
import { withDigest } from '../../src/domain/plan-file.js'
import type { Change, LoginCase } from '../../src/domain/change.js'
import type { RunEvent } from '../../src/domain/events.js'
import type { Plan } from '../../src/domain/plan.js'
import type { Decide, Ports, RunReport } from '../../src/engine/api.js'
import { apply } from '../../src/engine/apply.js'
import type { Dispatch } from '../../src/engine/ports.js'
import { FakeClock } from '../fakes/fake-clock.js'
import { FakeInventory } from '../fakes/fake-inventory.js'
import { FakeSessions } from '../fakes/fake-sessions.js'
import { FakeTransport, type Answer } from '../fakes/fake-transport.js'
import { refusal } from '../fakes/refusal.js'
import { openCommand } from '../host/open-command.js'

const login = (phase: LoginCase['phase']): LoginCase => ({
  id: phase,
  phase,
  account: '@probe',
  factor: 'none',
  answer: 'batch',
  expect: 'in',
  prompted: false,
})
const change: Change = {
  feature: 'mfa',
  summary: 's',
  files: [],
  accounts: [],
  packages: [],
  method: 'totp',
  factor: '%h/f',
  reads: [],
  logins: [login('prove')],
  expectations: [],
  lockouts: [],
  keyOnly: [],
  access: [],
  notes: [],
  digest: 'd1',
}
const ids = ['i-a', 'i-b', 'i-c']

function plan(changing = ids, logins = change.logins): Plan {
  return withDigest({
    schema: 'bastionctl/plan/1',
    id: 'P',
    createdAt: '',
    createdBy: 'me',
    tool: 't',
    region: 'r',
    selector: 's',
    policy: {
      feature: 'mfa',
      action: 'enable',
      method: 'totp',
      enrol: 'first-login',
      exemptGroups: [],
      skelKeys: [],
      settings: {},
      acceptLockout: [],
    },
    policyDigest: '',
    confirmWithin: 600,
    changes: [{ ...change, logins }],
    hosts: ids.map((id) => ({ id, name: id, describes: '', ...(changing.includes(id) ? { change: 'd1' } : {}) })),
    waves: changing.length === 0 ? [] : [changing.slice(0, 1), changing.slice(1)].filter((wave) => wave.length > 0),
  })
}

/** Answers each verb as a sound host would, but where told otherwise. */
class World {
  readonly verbs: string[] = []
  readonly events: RunEvent[] = []
  readonly clock = new FakeClock()
  readonly sessions = new FakeSessions()
  readonly abort = new AbortController()
  readonly transport: FakeTransport

  constructor(readonly odd: Readonly<Record<string, Answer>> = {}) {
    this.transport = new FakeTransport(
      Object.fromEntries(ids.map((id) => [id, (dispatch: Dispatch) => this.answer(dispatch, id)])),
    )
  }

  async answer(dispatch: Dispatch, id: string): Promise<Answer> {
    const verb = (await openCommand(dispatch.command)).get('data/verb') ?? ''
    this.verbs.push(`${verb} ${id}`)
    const deadline = Math.floor(this.clock.now() / 1000) + 600
    const outcome =
      { change: 'proven', confirm: 'confirmed', 'roll-back': 'rolled-back-as-asked', extend: 'extended' }[verb] ??
      'facts'
    return this.odd[`${verb} ${id}`] ?? `bastionctl=1\noutcome=${outcome}\ndeadline=${String(deadline)}\n`
  }

  /** The first command to the host, its change, takes so many seconds. */
  slow(id: string, seconds: number): void {
    let takes = seconds * 1000
    this.transport.hosts[id] = (dispatch) => {
      this.clock.advance(takes)
      takes = 0
      return this.answer(dispatch, id)
    }
  }

  ports(): Ports {
    return {
      inventory: new FakeInventory([]),
      transport: this.transport,
      clock: this.clock,
      sessions: this.sessions,
      emit: (event) => this.events.push(event),
      signal: this.abort.signal,
    }
  }

  run(confirm: 'ask' | 'auto' | 'later', decide?: Decide, of = plan()): Promise<RunReport> {
    return apply(this.ports(), { plan: of, who: 'ann', confirm, ...(decide ? { decide } : {}) })
  }
}

const outcomes = (report: RunReport): string[] => report.results.map(({ outcome }) => outcome)
const failing: Answer = {
  stdout: 'bastionctl=1\noutcome=rolled-back\nreason=proof\ndetail=no code was asked for\n',
  exitCode: 1,
}

describe('apply', () => {
  it('changes the canary first, then the rest, then confirms all in one command', async () => {
    const world = new World()
    expect(outcomes(await world.run('auto'))).to.deep.equal(['confirmed', 'confirmed', 'confirmed'])
    expect(world.transport.sent.map(({ hosts }) => hosts)).to.deep.equal([['i-a'], ['i-b', 'i-c'], ids])
    expect(world.verbs.slice(3)).to.deep.equal(['confirm i-a', 'confirm i-b', 'confirm i-c'])
  })

  it('holds the safety session from before the first write until after the last, asked after every wave', async () => {
    const world = new World()
    await world.run('auto')
    expect(world.sessions.log).to.deep.equal(['open i-a', 'check i-a', 'check i-a', 'check i-a', 'close i-a'])
  })

  it('sends nothing when the safety session cannot be opened', async () => {
    const world = new World()
    world.sessions.refuse = 'permission denied'
    expect((await refusal(() => world.run('auto'))).exit).to.equal('safety-session')
    expect(world.transport.sent).to.deep.equal([])
  })

  it('rolls back what is pending when the safety session dies', async () => {
    const world = new World()
    world.sessions.dead = 'connection reset'
    const report = await world.run('auto')
    expect(outcomes(report)).to.deep.equal(['rolled-back', 'untouched', 'untouched'])
    expect(report.results[0]).to.include({ reason: 'safety-session' })
    expect(world.events.some((event) => event.code === 'safety-session' && event.state === 'lost')).to.equal(true)
  })

  describe('where others are reached through a host (lockout 56)', () => {
    const behindA = new Map([
      ['i-b', ['i-a']],
      ['i-c', ['i-a']],
    ])
    const reached = ({ sessions }: World): string[] => sessions.log.filter((line) => line.startsWith('reach'))

    it('reaches one of them before the first write, and anew after its change', async () => {
      const world = new World()
      world.sessions.behindOthers = behindA
      expect(outcomes(await world.run('auto'))).to.deep.equal(['confirmed', 'confirmed', 'confirmed'])
      expect(world.sessions.log).to.deep.equal([
        ...['open i-a', 'reach i-c', 'check i-a', 'reach i-c'],
        ...['check i-a', 'check i-a', 'close i-a'],
      ])
    })

    it('puts it back, and leaves the others untouched, where they are cut off', async () => {
      const world = new World()
      world.sessions.behindOthers = behindA
      const inPlace = (): Promise<void> => {
        world.sessions.cutOff.set('i-c', 'no login to i-c: stdio forwarding failed')
        return Promise.resolve()
      }
      const decide = (): Promise<never> => Promise.reject(new Error('asked'))
      const report = await apply(world.ports(), { plan: plan(), who: 'ann', confirm: 'ask', decide, inPlace })
      expect(outcomes(report)).to.deep.equal(['rolled-back', 'untouched', 'untouched'])
      const detail = 'through i-a: no login to i-c: stdio forwarding failed'
      expect(report.results[0]).to.include({ reason: 'safety-session', detail })
      expect(world.events).to.deep.include({ code: 'note', text: detail })
      expect(world.verbs).to.deep.equal(['change i-a', 'roll-back i-a'])
      expect(verdict(report.results, 'change')).to.equal('safety-session')
      expect(world.sessions.held).to.equal(0)
    })

    it('changes nothing where they are not reached today', async () => {
      const world = new World()
      world.sessions.behindOthers = behindA
      world.sessions.cutOff.set('i-c', 'no login to i-c: permission denied')
      const { exit, message } = await refusal(() => world.run('auto'))
      expect([exit, message]).to.deep.equal(['safety-session', 'through i-a: no login to i-c: permission denied'])
      expect(world.transport.sent).to.deep.equal([])
      expect(world.sessions.held).to.equal(0)
    })

    it('takes the nearest of them, and one that does not change before one that does', async () => {
      const world = new World()
      world.sessions.behindOthers = new Map([
        ['i-b', ['i-a']],
        ['i-c', ['i-a', 'i-b']],
      ])
      await world.run('auto')
      expect(reached(world)).to.deep.equal(['reach i-b', 'reach i-c', 'reach i-b', 'reach i-c'])
      const other = new World()
      other.sessions.behindOthers = behindA
      await other.run('auto', undefined, plan(['i-a', 'i-c']))
      expect(reached(other)).to.deep.equal(['reach i-b', 'reach i-b'])
    })

    it('looks through no host that does not change, and no further once one has failed', async () => {
      const world = new World()
      world.sessions.behindOthers = behindA
      await world.run('auto', undefined, plan(['i-b', 'i-c']))
      expect(reached(world)).to.deep.equal([])
      const failed = new World({ 'change i-a': failing })
      failed.sessions.behindOthers = behindA
      await failed.run('auto')
      expect(reached(failed)).to.deep.equal(['reach i-c'])
    })

    it('leaves it to its guard when stopped while one of them is logged in to', async () => {
      const world = new World()
      world.sessions.behindOthers = behindA
      const inPlace = (): Promise<void> => {
        world.abort.abort()
        return Promise.resolve()
      }
      const report = await apply(world.ports(), { plan: plan(), who: 'ann', confirm: 'auto', inPlace })
      expect(outcomes(report)).to.deep.equal(['pending', 'untouched', 'untouched'])
      expect(world.verbs).to.deep.equal(['change i-a'])
    })

    it('asks nothing of anybody without safety sessions', async () => {
      const world = new World()
      const { sessions: _, ...without } = world.ports()
      const report = await apply(without, { plan: plan(), who: 'ann', confirm: 'auto' })
      expect(outcomes(report)).to.deep.equal(['confirmed', 'confirmed', 'confirmed'])
    })
  })

  it('stops after a failed canary and leaves the others untouched', async () => {
    const world = new World({ 'change i-a': failing })
    const report = await world.run('auto')
    expect(outcomes(report)).to.deep.equal(['rolled-back', 'untouched', 'untouched'])
    expect(report.results[0]).to.include({ reason: 'proof', detail: 'no code was asked for' })
    expect(world.verbs).to.deep.equal(['change i-a'])
  })

  it('rolls the proven back when another host fails and nobody is there to ask', async () => {
    const world = new World({ 'change i-c': failing })
    expect(outcomes(await world.run('auto'))).to.deep.equal(['rolled-back', 'rolled-back', 'rolled-back'])
    expect(world.verbs.slice(3)).to.deep.equal(['roll-back i-a', 'roll-back i-b'])
  })

  it('asks what to do with the proven when another host fails', async () => {
    const world = new World({ 'change i-c': failing })
    const report = await world.run('ask', () => Promise.resolve('keep'))
    expect(outcomes(report)).to.deep.equal(['confirmed', 'confirmed', 'rolled-back'])
  })

  it('asks once, after the canary, with the guard’s time and a way to extend it', async () => {
    const world = new World()
    const asked: string[] = []
    const report = await world.run('ask', async ({ why, remaining, deadline, extend }) => {
      asked.push(`${why} ${String(remaining)}`)
      world.clock.advance(60_000)
      expect(await extend(600)).to.be.greaterThan(deadline)
      return 'keep'
    })
    expect(asked).to.deep.equal(['canary 2'])
    expect(outcomes(report)).to.deep.equal(['confirmed', 'confirmed', 'confirmed'])
  })

  it('undoes the canary, or leaves it to its guard, when told so', async () => {
    expect(outcomes(await new World().run('ask', () => Promise.resolve('roll-back')))).to.deep.equal([
      'rolled-back',
      'untouched',
      'untouched',
    ])
    expect(outcomes(await new World().run('ask', () => Promise.resolve('later')))).to.deep.equal([
      'pending',
      'untouched',
      'untouched',
    ])
  })

  it('leaves all guards armed with confirm later', async () => {
    const world = new World()
    expect(outcomes(await world.run('later'))).to.deep.equal(['pending', 'pending', 'pending'])
    expect(world.verbs).to.have.length(3)
  })

  it('sends nothing more once stopped, and confirms nothing', async () => {
    const world = new World()
    const report = await world.run('ask', () => {
      world.abort.abort()
      return Promise.resolve('keep')
    })
    expect(outcomes(report)).to.deep.equal(['pending', 'untouched', 'untouched'])
  })

  it('confirms nothing where it is stopped between the last look at the hosts and the confirm', async () => {
    const last = ({ sessions }: World): boolean => sessions.log.filter((line) => line.startsWith('check')).length === 3
    const held = new World()
    held.sessions.onCheck = () => {
      if (last(held)) held.abort.abort()
    }
    expect(outcomes(await held.run('auto'))).to.deep.equal(['pending', 'pending', 'pending'])
    expect(held.verbs).to.have.length(3)

    // While guards are set anew.
    const extending = new World()
    extending.sessions.onCheck = () => {
      if (last(extending)) extending.clock.advance(400_000)
    }
    const { hosts } = extending.transport
    hosts['i-a'] = (dispatch) => {
      if (dispatch.comment.includes('extend')) extending.abort.abort()
      return extending.answer(dispatch, 'i-a')
    }
    const report = await extending.run('auto')
    expect(outcomes(report)).to.deep.equal(['pending', 'pending', 'pending'])
    expect(extending.verbs.slice(3)).to.deep.equal(['extend i-a', 'extend i-b', 'extend i-c'])
    expect(verdict(report.results, 'change', true)).to.equal('interrupted')
  })

  it('sets thin guards anew before another wave', async () => {
    const world = new World()
    await world.run('ask', () => {
      world.clock.advance(500_000)
      return Promise.resolve('keep')
    })
    expect(world.verbs).to.include('extend i-a')
  })

  it('sets guards of earlier waves anew while another is at work', async () => {
    const world = new World()
    world.slow('i-b', 400)
    expect(outcomes(await world.run('auto'))).to.deep.equal(['confirmed', 'confirmed', 'confirmed'])
    expect(world.verbs.filter((verb) => verb.startsWith('extend'))).to.deep.equal(['extend i-a'])
  })

  it('sets them anew while no host of that wave has answered yet', async () => {
    const world = new World()
    const before: string[][] = []
    const { hosts } = world.transport
    hosts['i-b'] = async (dispatch) => {
      if (dispatch.underWay) {
        world.clock.advance(400_000)
        dispatch.underWay()
        await world.clock.sleep(1000)
        before.push(world.verbs.slice(1))
      }
      return world.answer(dispatch, 'i-b')
    }
    expect(outcomes(await world.run('auto'))).to.deep.equal(['confirmed', 'confirmed', 'confirmed'])
    expect(before).to.deep.equal([['extend i-a']])
  })

  it('sets none anew once it is stopped, though a wave is still under way', async () => {
    const world = new World()
    const { hosts } = world.transport
    hosts['i-b'] = (dispatch) => {
      world.clock.advance(400_000)
      world.abort.abort()
      dispatch.underWay?.()
      return world.answer(dispatch, 'i-b')
    }
    const report = await world.run('auto')
    expect(world.verbs.filter((verb) => !verb.startsWith('change'))).to.deep.equal([])
    expect(verdict(report.results, 'change', true)).to.equal('interrupted')
  })

  it('keeps none with confirm auto where a guard has ended under a long wave', async () => {
    const world = new World({ 'extend i-a': 'bastionctl=1\noutcome=rolled-back\nreason=too-late\n' })
    world.slow('i-b', 700)
    expect(outcomes(await world.run('auto'))).to.deep.equal(['rolled-back', 'rolled-back', 'rolled-back'])
    expect(world.verbs).to.include('roll-back i-c').and.not.include('confirm i-c')
  })

  it('keeps none with confirm auto where a guard may have ended before the confirm', async () => {
    const world = new World()
    world.sessions.onCheck = () => {
      if (world.verbs.includes('change i-c')) world.clock.advance(700_000)
    }
    const report = await world.run('auto')
    expect(outcomes(report)).to.deep.equal(['rolled-back', 'rolled-back', 'rolled-back'])
    expect(report.results[2]).to.include({ reason: 'too-late' })
    expect(world.verbs).to.not.include('confirm i-a')
  })

  it('says so when a confirm came too late', async () => {
    const late: Answer = {
      stdout: 'bastionctl=1\noutcome=rolled-back\nreason=too-late\ndetail=rolled back at 12:00:00Z\n',
      exitCode: 1,
    }
    const report = await new World({ 'confirm i-b': late }).run('auto')
    expect(outcomes(report)).to.deep.equal(['confirmed', 'rolled-back', 'confirmed'])
    expect(report.results[1]).to.include({ reason: 'too-late' })
  })

  it('tells what it does not know from what did not happen', async () => {
    const world = new World({ 'change i-a': { status: 'lost', detail: 'the agent is silent' } })
    expect((await world.run('auto')).results[0]).to.include({ outcome: 'unknown', reason: 'lost' })
    const other = new World({ 'change i-a': { status: 'undelivered' } })
    expect((await other.run('auto')).results[0]).to.include({ outcome: 'unreachable' })
    const garbled = new World({ 'change i-a': { stdout: 'Segmentation fault', exitCode: 139 } })
    expect((await garbled.run('auto')).results[0]).to.include({ outcome: 'unknown', reason: 'no-answer' })
  })

  it('says that a guard has ended a change that took longer', async () => {
    const silent: Answer = { stdout: '', stderr: 'Killed', exitCode: 137 }
    for (const [seconds, detail] of [
      [599, /^Killed$/],
      [600, /^its guard of 10m has ended the change .* --confirm-within$/],
    ] as const) {
      const world = new World({ 'change i-a': silent })
      world.slow('i-a', seconds)
      expect((await world.run('auto')).results[0]?.detail).to.match(detail)
    }
  })

  it('leaves a single host to its guard when told so', async () => {
    const world = new World()
    const report = await world.run('ask', () => Promise.resolve('later'), plan(['i-a']))
    expect(outcomes(report)).to.deep.equal(['pending', 'unchanged', 'unchanged'])
    expect(world.verbs).to.deep.equal(['change i-a'])
  })

  it('asks the hosts, once the question has outlived the guards', async () => {
    const gone: Answer = 'bastionctl=1\noutcome=rolled-back-as-asked\nreason=already\ndetail=rolled back at 12:00:00Z\n'
    const world = new World({ 'roll-back i-a': gone })
    const report = await world.run('ask', () => {
      world.clock.advance(700_000)
      return Promise.resolve('later')
    })
    expect(report.results[0]).to.include({ outcome: 'rolled-back', detail: 'rolled back at 12:00:00Z' })
  })

  it('calls a host pending whose confirm did not reach it, and not well', async () => {
    const world = new World({ 'confirm i-b': { status: 'undelivered', detail: 'offline' } })
    const report = await world.run('auto')
    expect(outcomes(report)).to.deep.equal(['confirmed', 'pending', 'confirmed'])
    expect(report.results[1]).to.include({ reason: 'undelivered', detail: 'offline' })
    expect(verdict(report.results, 'change')).to.equal('mixed')
  })

  it('reports what the hosts hold when AWS says no half-way', async () => {
    const world = new World()
    const ports = world.ports()
    const report = await apply(
      {
        ...ports,
        emit: (event) => {
          if (event.code === 'step-finished') world.transport.failNext ??= new BastionError('access', 'expired')
        },
      },
      { plan: plan(), who: 'ann', confirm: 'auto' },
    )
    expect(outcomes(report)).to.deep.equal(['pending', 'untouched', 'untouched'])
    expect(report.results[1]).to.include({ reason: 'access', detail: 'expired' })
  })

  it('says of hosts to which one of two changes was not sent why that is, whatever it is', async () => {
    const of = withDigest({
      ...plan(),
      changes: [change, { ...change, digest: 'd2' }],
      hosts: ids.map((id) => ({ id, name: id, describes: '', change: id === 'i-c' ? 'd2' : 'd1' })),
    })
    for (const [failure, reason] of [
      [new BastionError('refused', 'the command is too long'), 'refused'],
      [new BastionError('access', 'expired'), 'access'],
      [new TypeError('undefined is not a function'), 'bug'],
    ] as const) {
      const world = new World()
      const { hosts } = world.transport
      hosts['i-a'] = (dispatch) => {
        world.transport.failNext ??= world.transport.sent.length === 1 ? failure : undefined
        return world.answer(dispatch, 'i-a')
      }
      const report = await world.run('later', undefined, of)
      expect(outcomes(report)).to.deep.equal(['pending', 'untouched', 'pending'])
      expect(report.results[1]).to.include({ reason, detail: failure.message })
    }
  })

  it('rejects when AWS says no before anything was sent', async () => {
    const world = new World()
    world.transport.failNext = new BastionError('access', 'expired')
    expect((await refusal(() => world.run('auto'))).exit).to.equal('access')
  })

  it('says which guard was not set anew, and keeps to the earliest', async () => {
    const world = new World({ 'extend i-a': { status: 'undelivered', detail: 'offline' } })
    let before = 0
    let after = 0
    await world.run('ask', async ({ deadline, extend }) => {
      before = deadline
      after = await extend(600)
      return 'later'
    })
    expect(after).to.equal(before)
    expect(world.events.some((event) => event.code === 'note' && event.text.includes('i-a'))).to.equal(true)
  })

  describe('where it is not known what has become of an extension', () => {
    const answers: readonly Answer[] = [
      { status: 'lost', detail: 'network' },
      { status: 'timed-out' },
      'no answer',
      'bastionctl=1\noutcome=stuck\nreason=extend\ndetail=disk full\n',
      'bastionctl=1\noutcome=busy\nreason=locked\n',
      'bastionctl=1\noutcome=refused\nreason=too-late\n',
    ]

    it('goes on counting down, and sends what is decided there too', async () => {
      for (const answer of answers)
        for (const [decision, verb, outcome] of [
          ['roll-back', 'roll-back', 'rolled-back'],
          ['keep', 'confirm', 'confirmed'],
        ] as const) {
          const world = new World({ 'extend i-a': answer })
          const report = await world.run(
            'ask',
            async ({ why, deadline, extend }) => {
              if (why === 'canary') expect(await extend(1200)).to.equal(deadline)
              return decision
            },
            plan(['i-a']),
          )
          expect(world.verbs).to.deep.equal(['change i-a', 'extend i-a', `${verb} i-a`])
          expect(report.results[0]).to.include({ outcome })
        }
    })

    it('calls it pending, and not well, where it is left to its guard', async () => {
      const world = new World({ 'extend i-a': { status: 'lost', detail: 'network' } })
      const report = await world.run('ask', async ({ extend }) => {
        await extend(1200)
        return 'later'
      })
      expect(report.results[0]).to.include({ outcome: 'pending', reason: 'lost' })
      expect(verdict(report.results, 'change')).to.equal('mixed')
    })

    it('undoes all of it with confirm auto', async () => {
      for (const answer of answers) {
        const world = new World({ 'extend i-a': answer })
        world.slow('i-b', 400)
        expect(outcomes(await world.run('auto'))).to.deep.equal(['rolled-back', 'rolled-back', 'rolled-back'])
        expect(world.verbs).to.include('roll-back i-a').and.not.include('confirm i-b')
      }
    })
  })

  it('changes no further host when guards cannot be kept', async () => {
    const world = new World({ 'extend i-a': { status: 'undelivered', detail: 'offline' } })
    const report = await world.run('ask', ({ why }) => {
      if (why === 'canary') world.clock.advance(500_000)
      return Promise.resolve(why === 'canary' ? 'keep' : 'roll-back')
    })
    expect(outcomes(report)).to.deep.equal(['rolled-back', 'untouched', 'untouched'])
  })

  it('rolls back with confirm later too when the safety session dies', async () => {
    const world = new World()
    world.sessions.dead = 'connection reset'
    expect(outcomes(await world.run('later'))).to.deep.equal(['rolled-back', 'untouched', 'untouched'])
  })

  it('puts a host whose clock is ahead back at once, whoever was to decide', async () => {
    const ahead = `bastionctl=1\noutcome=proven\ndeadline=9999999999\nnow=${String(Date.UTC(2026, 0, 1) / 1000 + 60)}\n`
    for (const confirm of ['auto', 'later', 'ask'] as const) {
      const world = new World({ 'change i-a': ahead })
      const report = await world.run(confirm, () => Promise.reject(new Error('nothing is left to decide about')))
      expect(outcomes(report), confirm).to.deep.equal(['rolled-back', 'untouched', 'untouched'])
      expect(report.results[0]).to.include({ reason: 'clock-skew' })
      expect(report.results[0]?.detail).to.match(/ahead of yours/)
    }
  })

  describe('where a roll back has a cause outside of the host', () => {
    const lost = (rollBack: Answer): World => {
      const world = new World({ 'roll-back i-a': rollBack })
      world.sessions.dead = 'connection reset'
      return world
    }

    it('keeps what the host says is still wrong', async () => {
      const incomplete = 'bastionctl=1\noutcome=rolled-back-as-asked\nreason=incomplete\ndetail=ann did not come back\n'
      const { results } = await lost(incomplete).run('auto')
      expect(results[0]).to.include({ outcome: 'rolled-back', reason: 'incomplete' })
      expect(results[0]?.detail).to.equal('ann did not come back; the safety session was lost')
      expect(verdict(results, 'change')).to.equal('needs-hands')

      const stuck = 'bastionctl=1\noutcome=stuck\nreason=roll-back\ndetail=sshd does not start\n'
      expect((await lost(stuck).run('auto')).results[0]).to.include({
        outcome: 'stuck',
        reason: 'roll-back',
        detail: 'sshd does not start; the safety session was lost',
      })
    })

    it('goes by that cause where the host is back, or was not reached, and says the rest behind it', async () => {
      const kept = 'bastionctl=1\noutcome=rolled-back-as-asked\nreason=kept-aside\ndetail=kept /x\n'
      const back = { outcome: 'rolled-back', reason: 'safety-session', detail: 'the safety session was lost; kept /x' }
      expect((await lost(kept).run('auto')).results[0]).to.include(back)
      const { results } = await lost({ status: 'undelivered', detail: 'offline' }).run('auto')
      const detail = 'the safety session was lost; offline'
      expect(results[0]).to.include({ outcome: 'pending', reason: 'safety-session', detail })
    })
  })

  it('lets no proof decide where there is none (G3), and sends nothing then', async () => {
    const world = new World()
    const of = plan(ids, [login('rehearse')])
    expect(await refusal(() => world.run('auto', undefined, of))).to.include({ exit: 'refused' })
    expect([world.transport.sent, world.sessions.log]).to.deep.equal([[], []])
    expect(outcomes(await world.run('later', undefined, of))).to.deep.equal(['pending', 'pending', 'pending'])
  })

  it('has hosts record who carries the plan out, not who made it', async () => {
    const world = new World()
    await world.run('auto')
    const orders = await Promise.all(world.transport.sent.map(({ command }) => openCommand(command)))
    expect(orders).to.have.length.above(2)
    for (const order of orders) expect(order.get('data/manifest')).to.match(/^who=ann$/m)
  })

  it('goes on saying what a proof could not show, once the change is kept', async () => {
    const answer = `bastionctl=1\noutcome=proven\ndeadline=9999999999\nremark=no login of a stranger\n`
    const report = await new World({ 'change i-a': answer }).run('auto')
    expect(report.results[0]).to.include({ outcome: 'confirmed', remark: 'no login of a stranger' })
  })

  it('does nothing, and opens no session, where nothing has to change', async () => {
    const world = new World()
    expect(outcomes(await world.run('auto', undefined, plan([])))).to.deep.equal([
      'unchanged',
      'unchanged',
      'unchanged',
    ])
    expect([world.transport.sent, world.sessions.log]).to.deep.equal([[], []])
  })
})
