import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import { expect } from 'chai'
import { root } from '../source-config.js'

interface Typed {
  readonly exitCode: number | null
  readonly screen: string
  /** The screen with its control sequences. */
  readonly raw: string
}

const enable = ['enable-mfa', '--tag', 'Role=bastion', '--ssh-user', 'ann']

/** Runs test/support/asking.ts on a terminal and types: each text once the one before it has been seen. */
async function type(
  dialogue: readonly (readonly [seen: RegExp, keys: string])[],
  env: NodeJS.ProcessEnv = {},
  argv: readonly string[] = enable,
): Promise<Typed> {
  const home = mkdtempSync(join(tmpdir(), 'bastionctl-terminal-'))
  const command = `${process.execPath} --import tsx test/support/asking.ts ${argv.join(' ')}`
  const child = spawn('script', ['--quiet', '--return', '--flush', '--command', command, '/dev/null'], {
    cwd: root,
    env: { ...process.env, HOME: home, XDG_DATA_HOME: home, TERM: 'xterm', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const left = [...dialogue]
  let screen = ''
  let raw = ''
  let from = 0
  child.stdout.on('data', (chunk: Buffer) => {
    raw += chunk.toString()
    screen += stripVTControlCharacters(chunk.toString())
    const [next] = left
    if (next?.[0].test(screen.slice(from)) !== true) return
    left.shift()
    from = screen.length
    if (next[1] === 'hang up') child.kill('SIGKILL')
    else child.stdin.write(next[1])
  })
  const exitCode = await new Promise<number | null>((resolve) => child.on('close', resolve))
  rmSync(home, { recursive: true })
  return { exitCode, screen, raw }
}

const goOn = [/change 2 hosts\?/, 'y\r'] as const
const asked = /k keep.*leave it to the guard/

describe('questions on a terminal', function () {
  this.timeout('30s')

  it('shows the plan, asks, tells to log in, and keeps by one key', async () => {
    const { exitCode, screen } = await type([goOn, [asked, 'k']])
    expect(screen).to.match(
      /2 hosts: identical[^]*change 2 hosts\?[^]*log in from another terminal now[^]*ssh ann@192\.0\.2\.11 +\(deb11\)/,
    )
    expect(screen).to.include('keeping it goes on to 1 more host')
    expect(screen).to.match(/keep the change on 1 host\? [45]m\d*s? left|keep the change on 1 host\? 5m left/)
    expect(screen).to.include('decided keep, aborted false').and.include('2 confirmed')
    expect(exitCode).to.equal(0)
  })

  it('leaves it to the guard, and has that on record, when the terminal goes away', async () => {
    const home = mkdtempSync(join(tmpdir(), 'bastionctl-terminal-'))
    await type([goOn, [asked, 'hang up']], { XDG_DATA_HOME: home })
    const runs = join(home, 'bastionctl/runs')
    const record = (): string =>
      readdirSync(runs)
        .filter((name) => name.endsWith('.json'))
        .map((name) => readFileSync(join(runs, name), 'utf8'))
        .join('')
    for (let waited = 0; waited < 100 && !record().includes('"exitCode"'); waited++) await sleep(100)
    const ended = JSON.parse(record()) as object
    rmSync(home, { recursive: true })
    expect(ended).to.include({ exitCode: 130 })
  })

  it('rolls back', async () => {
    const { exitCode, screen } = await type([goOn, [asked, 'r']])
    expect(screen).to.include('decided roll-back')
    expect(exitCode).to.equal(12)
  })

  it('leaves it to the guard', async () => {
    const { exitCode, screen } = await type([goOn, [asked, 'l']])
    expect(screen).to.include('decided later').and.include('bastionctl confirm 20260102T030405Z-abc123')
    expect(exitCode).to.equal(0)
  })

  it('extends and asks again', async () => {
    const { screen } = await type([goOn, [asked, 'e'], [/15m left|14m5\ds left/, 'k']])
    // Ten minutes more than the five that there were.
    expect(screen)
      .to.match(/extended by (?:900|89\d)\b/)
      .and.include('decided keep')
  })

  it('counts down, and says that the guard rolls back when time is up', async () => {
    const { screen } = await type([goOn], { GUARD: '2' })
    expect(screen).to.match(/2s left|1s left/)
    expect(screen).to.include('the guards roll back by themselves').and.include('decided later')
  })

  it('asks in colour, and without any after --no-color', async () => {
    // eslint-disable-next-line no-control-regex -- colours are control sequences
    const colour = /\u001B\[\d+(?:;\d+)*m/
    const env = { NO_COLOR: undefined, FORCE_COLOR: '1' }
    const no = [/change 2 hosts\?/, 'n\r'] as const
    expect((await type([no], env)).raw.split('change 2 hosts?')[1]).to.match(colour)
    expect((await type([no], env, [...enable, '--no-color'])).raw).to.not.match(colour)
  })

  it('changes nothing if the answer is no', async () => {
    const { exitCode, screen } = await type([[/change 2 hosts\?/, 'n\r']])
    expect(screen).to.include('not confirmed: nothing was changed').and.not.include('decided')
    expect(exitCode).to.equal(18)
  })

  it('changes nothing after Ctrl-C at the first question', async () => {
    const { exitCode, screen } = await type([[/change 2 hosts\?/, '\u0003']])
    expect(screen).to.include('stopped by Ctrl-C').and.not.include('decided')
    expect(exitCode).to.equal(130)
  })

  it('leaves hosts to their guards after Ctrl-C at the second question', async () => {
    const { exitCode, screen } = await type([goOn, [asked, '\u0003']])
    expect(screen).to.include('decided later, aborted true').and.include('bastionctl rollback')
    expect(exitCode).to.equal(130)
  })

  describe('of a rollback', () => {
    const argv = ['rollback', '--tag', 'Role=bastion']
    const sure = /undo what was confirmed on 2 hosts\?/

    it('undoes what is pending at once, shows what was confirmed where, and undoes that by its name after a yes', async () => {
      const { exitCode, screen } = await type([[sure, 'y\r']], {}, argv)
      expect(screen).to.match(/roll back the newest on all\s+this was confirmed/)
      expect(screen).to.match(/ c1: enable mfa, by ann, confirmed 1970\S+ \S+\s+on deb11, deb13\s/)
      expect(screen).to.include('roll back c1 on i-11 i-13').and.include('3 rolled back')
      expect(exitCode).to.equal(0)
    })

    it('leaves what was confirmed after a no, and says how each host stands', async () => {
      const { exitCode, screen } = await type([[sure, 'n\r']], {}, argv)
      expect(screen).to.not.include('roll back c1')
      expect(screen).to.match(/deb11 .*confirmed +c1: .*; left as it is: the answer was no/)
      expect(screen).to.include('2 confirmed, 1 rolled back')
      expect(exitCode).to.equal(14)
    })

    it('leaves it after Ctrl-C', async () => {
      const { exitCode, screen } = await type([[sure, '\u0003']], {}, argv)
      expect(screen).to.not.include('roll back c1')
      expect(screen).to.include('2 confirmed, 1 rolled back')
      expect(exitCode).to.equal(130)
    })

    for (const [meanwhile, why, code] of [
      ['Ctrl-C', 'stopped by Ctrl-C', 130],
      ['expired', 'the aws credentials have expired', 14],
    ] as const)
      it(`reports what was undone before the question, and what was left, where the answer comes to nothing (${meanwhile})`, async () => {
        const { exitCode, screen } = await type([[sure, 'y\r']], { MEANWHILE: meanwhile }, argv)
        expect(screen).to.include('roll back c1 on i-11 i-13').and.include('2 confirmed, 1 rolled back')
        expect(screen).to.match(new RegExp(`deb11 .*confirmed +c1: .*; left as it is: ${why}`))
        expect(screen).to.not.include('no host was changed')
        expect(exitCode).to.equal(code)
      })

    it('is not asked with --yes', async () => {
      const { exitCode, screen } = await type([], {}, [...argv, '--yes'])
      expect(screen).to.include('3 rolled back').and.not.include('undo what was confirmed')
      expect(exitCode).to.equal(0)
    })
  })
})
