import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { openHosts, RunRecorder } from '../../src/cli/run-recorder.js'
import { RunStore } from '../../src/cli/run-store.js'
import type { RunRecord } from '../../src/domain/run-record.js'
import { plan, result } from '../support/samples.js'

const record: RunRecord = {
  schema: 'bastionctl/run/1',
  id: '20260102T030405Z-abc123',
  command: 'enable-mfa',
  startedAt: '2026-01-02T03:04:05.000Z',
  selector: 'tag:Role=bastion',
  region: 'eu-test-1',
  results: [result('pending')],
  events: [],
}

describe('records of runs', () => {
  let home: string
  let folder: string
  let store: RunStore
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'bastionctl-runs-'))
    folder = join(home, 'data', 'runs')
    store = new RunStore(folder)
  })
  afterEach(() => {
    rmSync(home, { recursive: true, force: true })
  })

  it("are the owner's alone, and leave nothing else behind", () => {
    store.write(record)
    expect(statSync(folder).mode & 0o777).to.equal(0o700)
    expect(statSync(join(folder, `${record.id}.json`)).mode & 0o777).to.equal(0o600)
    expect(readdirSync(folder)).to.deep.equal([`${record.id}.json`])
  })

  it('come back newest first, as many as asked for', () => {
    for (const id of ['20260101T000000Z-a', '20260103T000000Z-c', '20260102T000000Z-b']) store.write({ ...record, id })
    expect(store.newest(2).map(({ id }) => id)).to.deep.equal(['20260103T000000Z-c', '20260102T000000Z-b'])
  })

  it('of plans that were applied later come first, whenever those were made', () => {
    const started = { '20260101T000000Z-a': 9, '20260103T000000Z-c': 5, '20260102T000000Z-b': 7 }
    for (const [id, day] of Object.entries(started))
      store.write({ ...record, id, startedAt: `2026-02-0${String(day)}T00:00:00.000Z` })
    expect([...store.newestFirst()].map(({ id }) => id.slice(-1))).to.deep.equal(['a', 'b', 'c'])
    expect(store.newest(1).map(({ id }) => id.slice(-1))).to.deep.equal(['a'])
  })

  it("are read no further than asked: an older one that cannot be read is in nobody's way", () => {
    store.write(record)
    const older = join(folder, '20250101T000000Z-old.json')
    mkdirSync(older)
    utimesSync(older, new Date(), new Date('2025-01-01T00:00:00Z'))
    expect(store.newest(1).map(({ id }) => id)).to.deep.equal([record.id])
    expect(() => store.newest(2)).to.throw('cannot be read')
  })

  it('are none where nothing was ever written, and no folder appears by asking', () => {
    expect(store.newest(5)).to.deep.equal([])
    expect(existsSync(folder)).to.equal(false)
  })

  it('are refused at once by a file system that makes no folders', () => {
    // Node's own way would never end: in a process that can be.
    const script = `
      const { RunStore } = await import('./src/cli/run-store.ts')
      new RunStore('/proc/nowhere/bastionctl/runs').write(${JSON.stringify(record)})`
    const ended = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 10_000,
    })
    expect(ended.stderr).to.include("ENOENT: no such file or directory, mkdir '/proc/nowhere'")
  })

  it('keep what they were where the new one could not be written whole, and leave nothing behind', () => {
    store.write(record)
    const events = Array.from({ length: 100 }, () => ({ code: 'note', text: 'x'.repeat(100) }))
    const script = `
      const { RunStore } = await import('./src/cli/run-store.ts')
      new RunStore(process.argv[1]).write(${JSON.stringify({ ...record, events })})`
    // A write past the limit is cut off there, as one on a full disk is (setrlimit(2)), and the next one fails.
    const line = `trap '' XFSZ; ulimit -f 1; exec "$0" --import tsx --input-type=module -e "$1" "$2"`
    const ended = spawnSync('bash', ['-c', line, process.execPath, script, folder], {
      encoding: 'utf8',
      env: { ...process.env, TSX_DISABLE_CACHE: '1' },
    })
    expect(ended.stderr).to.include('EFBIG')
    expect(store.find(record.id)).to.deep.equal(record)
    expect(readdirSync(folder)).to.deep.equal([`${record.id}.json`])
  })

  it('of another version, or damaged, are passed over', () => {
    store.write(record)
    writeFileSync(join(folder, '20260109T000000Z-x.json'), '{"schema": "bastionctl/run/2"}')
    writeFileSync(join(folder, '20260108T000000Z-y.json'), '{')
    for (const [at, part] of [
      { results: undefined },
      { results: [null] },
      { results: [{ ...result('pending'), outcome: 'well' }] },
      { startedAt: 'once' },
    ].entries())
      writeFileSync(join(folder, `20260107T00000${String(at)}Z-z.json`), JSON.stringify({ ...record, ...part }))
    expect(store.newest(5).map(({ id }) => id)).to.deep.equal([record.id])
  })

  it('are not taken for none where they cannot be read', () => {
    // Whoever runs this may be root, from whom nothing is kept.
    mkdirSync(join(folder, `${record.id}.json`), { recursive: true })
    for (const act of [() => [...store.newestFirst()], () => store.find(record.id), () => store.named(record.id)])
      expect(act)
        .to.throw(`the record of run ${record.id} cannot be read in "${folder}": it is a folder`)
        .with.property('exit', 'usage')
    rmSync(folder, { recursive: true })
    writeFileSync(folder, 'a file in the way')
    expect(() => [...store.newestFirst()]).to.throw(
      `records of runs cannot be read in "${folder}": a part of the path is no folder`,
    )
    expect(store.find('x'.repeat(300))).to.equal(undefined)
  })

  it('say which hosts are left for a confirm, and for a rollback', () => {
    const outcomes = ['pending', 'unknown', 'stuck', 'confirmed', 'rolled-back', 'untouched'] as const
    const results = outcomes.map((outcome) => ({ ...result(outcome), id: outcome }))
    const left = (verb: 'confirm' | 'rollback'): string[] => openHosts({ ...record, results }, verb).map(({ id }) => id)
    expect(left('confirm')).to.deep.equal(['pending', 'unknown'])
    expect(left('rollback')).to.deep.equal(['pending', 'unknown', 'stuck'])
  })

  it('are not looked for outside of their folder', () => {
    store.write(record)
    expect(store.find(`../runs/${record.id}`)).to.equal(undefined)
    expect(() => store.named('../x')).to.throw('no run "../x" was made from this machine')
  })

  describe('while a run goes on', () => {
    const started = (tell: (text: string) => void = () => undefined): RunRecorder =>
      RunRecorder.start({ command: 'enable-mfa', runs: store, tell }, plan, new Date(0))

    it('hold every host that is to change from the start, and results as they come', () => {
      const recorder = started()
      expect(store.find(plan.id)?.results.map(({ outcome }) => outcome)).to.deep.equal([
        'unknown',
        'unknown',
        'unchanged',
      ])
      recorder.note({ code: 'host-done', result: result('pending') })
      recorder.note({ code: 'step-finished', step: 'commit', ms: 1 })
      expect(store.find(plan.id)?.results.map(({ outcome }) => outcome)).to.deep.equal([
        'pending',
        'unknown',
        'unchanged',
      ])
      recorder.finish([result('confirmed'), result('confirmed', { id: 'i-12' })], 'ok', new Date(1000))
      expect(store.find(plan.id)).to.include({ exitCode: 0, finishedAt: '1970-01-01T00:00:01.000Z' })
      expect(store.find(plan.id)?.events).to.have.length(2)
    })

    it('hold as pending what an order has left so, as where guards are set anew', () => {
      const recorder = started()
      const outcome = (): string | undefined => store.find(plan.id)?.results[0]?.outcome
      for (const next of ['pending', 'unreachable', 'busy', 'refused'] as const) {
        recorder.note({ code: 'host-done', result: result(next) })
        recorder.note({ code: 'step-finished', step: 'commit', ms: 1 })
        expect(outcome(), next).to.equal('pending')
      }
      recorder.finish([result('rolled-back')], 'rolled-back', new Date(1000))
      expect(outcome()).to.equal('rolled-back')
    })

    it('take in an event without a copy of all that came before', () => {
      const written: RunRecord[] = []
      store.write = (next) => void written.push(next)
      const recorder = started()
      for (let at = 0; at < 3; at++) recorder.note({ code: 'step-finished', step: 'commit', ms: at })
      expect(new Set(written.map(({ events }) => events)).size).to.equal(1)
      expect(written.at(-1)?.events.map((event) => 'ms' in event && event.ms)).to.deep.equal([0, 1, 2])
    })

    it('say that no host was touched by a run that ended before anything was sent, and let the plan be applied again', () => {
      started().brokenOff('safety-session', new Date(1000))
      expect(store.find(plan.id)?.results.map(({ outcome }) => outcome)).to.deep.equal([
        'untouched',
        'untouched',
        'unchanged',
      ])
      expect(store.find(plan.id)?.exitCode).to.equal(13)
      expect(() => started()).not.to.throw()
    })

    it('say so where the first command was refused, and keep what hosts have come to', () => {
      const recorder = started()
      recorder.note({ code: 'step-started', step: 'commit', hosts: ['i-11'], wave: 1 })
      recorder.brokenOff('access', new Date(1000))
      expect(store.find(plan.id)?.results[0]).to.include({ outcome: 'untouched' })

      const lost = started()
      lost.note({ code: 'host-done', result: result('unknown', { reason: 'lost' }) })
      lost.brokenOff('bug', new Date(1000))
      expect(store.find(plan.id)?.results.map(({ outcome }) => outcome)).to.deep.equal([
        'unknown',
        'untouched',
        'unchanged',
      ])
    })

    it('let a plan be applied again that hosts refused', () => {
      started().finish([result('refused'), result('untouched', { id: 'i-12' })], 'rehearsal', new Date(1000))
      started().finish([result('confirmed')], 'ok', new Date(2000))
      expect(store.find(plan.id)?.results[0]).to.include({ outcome: 'confirmed' })
    })

    it('are not replaced by a second run of the same plan', () => {
      started().finish([result('pending')], 'ok', new Date(1000))
      const kept = store.find(plan.id)
      expect(() => started())
        .to.throw(`plan ${plan.id} has been applied from this machine already`)
        .with.property('exit', 'stale')
      expect(store.find(plan.id)).to.deep.equal(kept)
    })

    it('do not stop the run when they cannot be written any more, and say so', () => {
      const told: string[] = []
      const recorder = started((text) => told.push(text))
      rmSync(folder, { recursive: true })
      writeFileSync(folder, 'a file in the way')
      recorder.note({ code: 'step-finished', step: 'commit', ms: 1 })
      expect(told[0]).to.match(/^the record of this run could not be written: /)
    })

    it('have to be there before anything is sent', () => {
      writeFileSync(join(home, 'data'), 'a file in the way')
      expect(() => started())
        .to.throw(/no record of the run can be kept/)
        .with.property('exit', 'usage')
    })
  })
})
