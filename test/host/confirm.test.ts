/** confirm.sh itself, in a folder that stands for the host: what it answers of a change that can be kept no longer. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { putIn } from '../support/put-in.js'
import { scratchFolder } from '../support/scratch-folder.js'
import { programsAside } from '../support/host-aside.js'

describe('a confirm', () => {
  const folder = scratchFolder('confirm')
  const at = (...parts: string[]): string => path.join(folder(), ...parts)
  const record = 'var/lib/bastionctl/changes/ID'
  const state = (name: string, reason = ''): string =>
    `state=${name}\nat=1\ndeadline=1\ndeadline_uptime=1\nreason=${reason}\n`

  beforeEach(() => {
    programsAside(folder(), 'run')
    putIn(folder(), 'run/data/manifest', 'change=ID\nwho=ann\n')
    putIn(folder(), `${record}/manifest`, 'id=ID\nwho=ann\n')
    putIn(folder(), `${record}/nth`, '1\n')
    putIn(folder(), 'etc/systemd/system/bastionctl-guard@ID.timer.d/override.conf', '')
    putIn(folder(), 'seconds', '1\n')
  })

  /** Its answer; a wait of 0.2 s takes a second, in which the guard does this. */
  function confirmed(guard = ':'): Record<string, string> {
    const program = `
      RUN=${at('run')} UNIT=unit
      for lib in env files state sshd sshd-args steps answer; do . "$RUN/lib/$lib.sh"; done
      systemctl() { :; }
      uptime_s() { cat ${at('seconds')}; }
      sleep() { _second=$(($(uptime_s) + 1)); echo "$_second" >${at('seconds')}; flock -n ${at('var/lib/bastionctl/lock')} true && ${guard}; }
      . "$RUN/confirm.sh"`
    const { stdout, stderr } = spawnSync('sh', ['-c', program], { encoding: 'utf8' })
    expect(stderr).to.equal('')
    const {
      outcome = '',
      reason = '',
      detail = '',
    } = Object.fromEntries(stdout.split('\n').map((line) => line.split(/=(.*)/s).slice(0, 2))) as Record<string, string>
    return { outcome, reason, detail }
  }

  describe('in time', () => {
    const sha = (text: string): string => createHash('sha256').update(text).digest('hex')
    const file = (): string => at('etc/pam.d/sshd')
    const stateNow = (): string => readFileSync(at(record, 'state'), 'utf8')
    beforeEach(() => {
      putIn(folder(), `${record}/state`, state('proven').replace('deadline=1\n', 'deadline=99999999999\n'))
      putIn(folder(), `${record}/files`, `1|${file()}|update|0644|root|root|x|${sha('ours\n')}\n`)
      putIn(folder(), 'etc/pam.d/sshd', 'ours\n')
    })
    const kept = { outcome: 'confirmed', reason: '', detail: '' }

    it('keeps the change, also where the journal cannot be written', () => {
      expect(confirmed()).to.deep.equal(kept)
      expect(stateNow()).to.match(/^state=confirmed\n/)
      putIn(folder(), `${record}/state`, state('proven').replace('deadline=1\n', 'deadline=99999999999\n'))
      rmSync(at(record, 'journal'))
      mkdirSync(at(record, 'journal'))
      expect(confirmed()).to.deep.equal(kept)
      expect(stateNow()).to.match(/^state=confirmed\n/)
    })

    it('keeps nothing that was never proven: a file that was edited since, or is gone', () => {
      putIn(folder(), 'etc/pam.d/sshd', 'ours, edited\n')
      const refused = {
        outcome: 'refused',
        reason: 'edited-since',
        detail: `${file()} was changed since the proof: what is there was never proven`,
      }
      expect(confirmed()).to.deep.equal(refused)
      rmSync(file())
      expect(confirmed()).to.deep.equal(refused)
      expect(stateNow()).to.match(/^state=proven\n/)
    })

    it('keeps nothing that has not come as far as the proof', () => {
      putIn(folder(), `${record}/state`, state('live').replace('deadline=1\n', 'deadline=99999999999\n'))
      expect(confirmed()).to.deep.include({ outcome: 'refused', reason: 'not-proven' })
      expect(stateNow()).to.match(/^state=live\n/)
    })
  })

  for (const open of ['proven', 'reverting'])
    it(`that finds it ${open} behind its deadline lets the guard have the lock, and says what came of it`, () => {
      putIn(folder(), `${record}/state`, state(open))
      putIn(folder(), 'rolled-back', state('rolled-back', 'no confirm before the deadline'))
      const back = `{ [ "$_second" -lt 5 ] || cp ${at('rolled-back')} ${at(record, 'state')}; }`
      expect(confirmed(back)).to.deep.equal({
        outcome: 'rolled-back',
        reason: 'too-late',
        detail: 'rolled back at 00:00:01Z: no confirm before the deadline',
      })
    })

  it('says that it is stuck where no guard brings the old state back', () => {
    putIn(folder(), `${record}/state`, state('proven'))
    expect(confirmed()).to.deep.equal({
      outcome: 'stuck',
      reason: 'too-late',
      detail: 'the deadline has passed, and the guard has not put the old state back yet',
    })
  })

  it('never calls the old state proven where sshd does not answer in it', () => {
    putIn(folder(), `${record}/state`, state('failed', 'restored, but sshd does not answer'))
    expect(confirmed()).to.deep.equal({
      outcome: 'stuck',
      reason: 'too-late',
      detail: 'restored, but sshd does not answer',
    })
  })
})
