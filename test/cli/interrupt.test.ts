import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { expect } from 'chai'
import { root } from '../source-config.js'
import { Bench } from '../support/run-command.js'
import { plan, result } from '../support/samples.js'

describe('Ctrl-C', () => {
  it("aborts the engine's signal, waits for its report, and exits 130", async () => {
    const bench = new Bench()
    const ran = await bench.run(
      ['enable-mfa', '--tag', 'a=b', '--yes', '--confirm', 'auto', '--safety-session', 'none'],
      {
        plan: () => Promise.resolve(plan),
        apply: ({ signal }) => {
          process.emit('SIGINT')
          const results = [
            result(signal.aborted ? 'pending' : 'confirmed', { deadline: 4_000_000_000 }),
            result('untouched', { id: 'i-12' }),
          ]
          return Promise.resolve({ id: plan.id, results })
        },
      },
    )
    bench.close()
    expect(ran.exitCode).to.equal(130)
    expect(ran.stderr).to.include('stopping: nothing more is sent')
    expect(ran.stdout).to.include('1 pending, 1 untouched').and.include('bastionctl rollback')
  })

  it('is the error where it cut something short', async () => {
    const bench = new Bench()
    const ran = await bench.run(['hosts', '--tag', 'a=b'], {
      hosts: () => {
        process.emit('SIGINT')
        return Promise.reject(new Error('socket hang up'))
      },
    })
    bench.close()
    expect(ran.exitCode).to.equal(130)
    expect(ran.stderr).to.match(/stopped by Ctrl-C\n$/)
  })

  it('leaves no listeners behind', async () => {
    const before = process.listenerCount('SIGINT')
    const bench = new Bench()
    await bench.run(['history'])
    bench.close()
    expect(process.listenerCount('SIGINT')).to.equal(before)
  })

  for (const [what, stdin, aborted] of [
    ['stops a run whose terminal hangs up', 'r', true],
    ['stops none that nohup has started, whose stdin can only be written to', 'w', false],
  ] as const)
    it(what, async () => {
      const script = `const { abortOnInterrupt } = await import('./src/cli/interrupt.ts')
        const { signal } = abortOnInterrupt(() => undefined)
        console.log(process.listenerCount('SIGHUP'))
        process.on('SIGHUP', () => { console.log(signal.aborted); process.exit() })
        setInterval(() => {}, 1000)`
      const nowhere = openSync('/dev/null', stdin)
      const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
        cwd: root,
        stdio: [nowhere, 'pipe', 'inherit'],
      })
      closeSync(nowhere)
      let told = ''
      child.stdout?.on('data', (chunk: Buffer) => {
        told += chunk.toString()
        if (told === '1\n') child.kill('SIGHUP')
      })
      await new Promise((resolve) => child.on('close', resolve))
      expect(told).to.equal(`1\n${String(aborted)}\n`)
    }).timeout('20s')

  it('ends the process at once when pressed twice', async () => {
    const script = `const { abortOnInterrupt } = await import('./src/cli/interrupt.ts')
      abortOnInterrupt(console.log); setInterval(() => {}, 1000); console.log('ready')`
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], { cwd: root })
    child.stdout.on('data', (chunk: Buffer) => {
      if (/ready|stopping/.test(chunk.toString())) child.kill('SIGINT')
    })
    const exitCode = await new Promise<number | null>((resolve) => child.on('close', resolve))
    expect(exitCode).to.equal(130)
  }).timeout('20s')
})
