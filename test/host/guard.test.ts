/** guard.sh itself, in a folder that stands for the host, with what would touch the real one replaced. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { putIn } from '../support/put-in.js'
import { scratchFolder } from '../support/scratch-folder.js'
import { programsAside } from '../support/host-aside.js'

const host = fileURLToPath(new URL('../../templates/host/', import.meta.url))

describe('the guard', () => {
  const folder = scratchFolder('guard')
  const at = (...parts: string[]): string => path.join(folder(), ...parts)
  const change = (file: string): string => at('var/lib/bastionctl/changes/ID', file)
  const read = (file: string): string => readFileSync(change(file), 'utf8')

  beforeEach(() => {
    programsAside(folder(), 'kept')
    for (const [file, text] of Object.entries({
      manifest: 'id=ID\n',
      state: 'state=live\nat=1\ndeadline=1\ndeadline_uptime=1\nreason=\n',
      roster: 'ann|update|||||||||\nbob|update|||||||||\n',
      'files.reverse': '',
      files: '',
    }))
      putIn(folder(), path.join('var/lib/bastionctl/changes/ID', file), text)
    for (const name of ['run', 'etc/systemd/system']) mkdirSync(at(name), { recursive: true })
  })

  /** What is printed, and the exit code, by a guard that restores nothing but people. */
  function guard(verb: string, ...stubs: string[]): string {
    const stubbed = `
      systemctl() { :; }; reload_sshd() { :; }; answers() { :; }; sshd_target() { echo ::1 22; }; sshd_binary() { echo true; }
      sync() { :; }; lock_anyway() { :; }; clear_locks() { :; }
      undo_person() { echo "undone $_name"; }
      ${stubs.join('\n')}\n`
    const program = at('kept', 'stubbed.sh')
    writeFileSync(program, readFileSync(at('kept', 'guard.sh'), 'utf8').replace(/^verb=/m, `${stubbed}verb=`))
    const { stdout, status } = spawnSync('sh', [program, verb, 'ID', 'ann'], { encoding: 'utf8' })
    return `${stdout}${String(status)}`
  }
  const both = 'undone bob\nundone ann\n0'

  it('works in a folder of its own below /run, and leaves none there', () => {
    putIn(folder(), 'run/bastionctl-guard-ID/of-one-that-was-killed', '')
    const said = guard('deadline', `undo_person() { stat -c '%n %a' "$RUN"; ls "$RUN"; }`)
    const once = `${at('run', 'bastionctl-guard-ID')} 700\nroom\nroster.reverse\n`
    expect(said).to.equal(`${once}${once}0`)
    expect(readdirSync(at('run'))).to.deep.equal([])
    expect(read('state')).to.match(/^state=rolled-back\n/)
  })

  it('brings people back where nothing can be made below /run', () => {
    rmSync(at('run'), { recursive: true })
    const roster = read('roster')
    expect(guard('deadline')).to.equal(both)
    expect(read('roster')).to.equal(roster)
    expect(read('state')).to.match(/^state=rolled-back\n/)
  })

  it('needs nothing that undoes people where the change has none, and never takes such a change for undone without it', () => {
    for (const name of ['keys-edit', 'roster-undo', 'roster-accounts-undo']) rmSync(at('kept', 'lib', `${name}.sh`))
    expect(guard('deadline')).to.equal('1')
    expect(read('state')).to.match(/^state=reverting\n/)
    rmSync(change('roster'))
    expect(guard('deadline')).to.equal('0')
    expect(read('state')).to.match(/^state=rolled-back\n/)
  })

  describe('where sshd cannot read its own files anew', () => {
    const row = (file: string): string => `1|${file}|create|0644|root|root|absent|${'0'.repeat(64)}\n`
    const cannot = 'reload_sshd() { echo "bad line"; return 1; }'

    it('brings people back all the same, if none of the files of the change is for it', () => {
      for (const files of ['', row(at('etc/bastionctl-users')), row(at('etc/sudoers.d/bastionctl_none'))]) {
        putIn(folder(), 'var/lib/bastionctl/changes/ID/files.reverse', files)
        putIn(
          folder(),
          'var/lib/bastionctl/changes/ID/state',
          'state=live\nat=1\ndeadline=1\ndeadline_uptime=1\nreason=\n',
        )
        expect(guard('deadline', cannot), files).to.equal(both)
      }
    })

    it('tries again where one is', () => {
      putIn(
        folder(),
        'var/lib/bastionctl/changes/ID/files.reverse',
        row(at('etc/ssh/sshd_config.d/00-bastionctl-none.conf')),
      )
      expect(guard('deadline', cannot)).to.equal('1')
      expect(read('state')).to.match(/^state=reverting\n/)
    })
  })

  describe('goes by the deadline as it is under the lock', () => {
    const later = Math.floor(Date.now() / 1000) + 3600
    const never = 999_999_999_999
    const due = (deadline: number, uptime: number, state = 'live'): void => {
      const text = `state=${state}\nat=1\ndeadline=${String(deadline)}\ndeadline_uptime=${String(uptime)}\nreason=why\n`
      putIn(folder(), 'var/lib/bastionctl/changes/ID/state', text)
    }

    it('and leaves alone what was extended meanwhile', () => {
      due(later, never)
      expect(guard('deadline')).to.equal('0')
      expect(read('state')).to.match(/^state=live\n/)
    })

    it('which has come by either clock, since wall clocks get set', () => {
      for (const [deadline, uptime] of [
        [later, 1],
        [1, never],
      ] as const) {
        due(deadline, uptime)
        expect(guard('deadline')).to.equal(both)
      }
    })

    it('unless a roll back has begun, which waits for none', () => {
      for (const state of ['reverting', 'failed']) {
        due(later, never, state)
        expect(guard('deadline'), state).to.equal(both)
      }
    })
  })

  it('undoes nothing of what was confirmed or is back already, whoever calls it', () => {
    for (const state of ['confirmed', 'rolled-back'])
      for (const verb of ['deadline', 'boot-restore', 'boot-prove']) {
        putIn(folder(), 'var/lib/bastionctl/changes/ID/state', `state=${state}\ndeadline=1\ndeadline_uptime=1\n`)
        expect(guard(verb, 'restore_files() { echo restores; }'), `${verb} ${state}`).to.equal('0')
        expect(read('state')).to.match(new RegExp(`^state=${state}\n`))
      }
  })

  describe('has files back', () => {
    const old = 'the old one\n'
    const ours = 'ours\n'
    const file = (): string => at('etc/pam.d/sshd')
    const sha = (text: string): string => createHash('sha256').update(text).digest('hex')
    beforeEach(() => {
      putIn(folder(), 'etc/pam.d/sshd', ours)
      putIn(folder(), 'etc/.bastionctl/ID/1', old)
      putIn(change('before'), file(), old)
      const row = `1|${file()}|update|0644|root|root|${sha(old)}|${sha(ours)}\n`
      for (const name of ['files', 'files.reverse']) writeFileSync(change(name), row)
    })
    const has = (): string => readFileSync(file(), 'utf8')

    it('from beside them, and from the record where that copy is damaged', () => {
      expect(guard('deadline')).to.equal(both)
      expect(has()).to.equal(old)
      putIn(folder(), 'etc/pam.d/sshd', ours)
      putIn(folder(), 'etc/.bastionctl/ID/1', 'damaged')
      putIn(folder(), 'var/lib/bastionctl/changes/ID/state', 'state=live\ndeadline=1\ndeadline_uptime=1\n')
      expect(guard('deadline')).to.equal(both)
      expect(has()).to.equal(old)
    })

    it('and keeps what somebody else has put there, by name', () => {
      putIn(folder(), 'etc/pam.d/sshd', 'of somebody else\n')
      expect(guard('deadline')).to.equal(both)
      expect(has()).to.equal(old)
      const [kept = ''] = readdirSync(change('aside'))
      expect(readFileSync(path.join(change('aside'), kept), 'utf8')).to.equal('of somebody else\n')
      expect(read('state')).to.contain(`kept: ${file()} in ${change('aside')}`)
    })

    it('only whole: where both copies are damaged ours stays, nobody is undone, and it is tried again', () => {
      putIn(folder(), 'etc/.bastionctl/ID/1', 'damaged')
      putIn(change('before'), file(), 'damaged too')
      expect(guard('deadline')).to.equal('1')
      expect(has()).to.equal(ours)
      expect(read('state')).to.match(/^state=reverting\n/)
      expect(readdirSync(at('etc/pam.d'))).to.deep.equal(['sshd'])
    })
  })

  it('has factors at their old place before sshd starts at a boot, behind the files', () => {
    const said = guard('boot-restore', 'restore_files() { echo files; }', 'return_factors() { echo "factors of $1"; }')
    expect(said).to.equal('files\nfactors of ID\n0')
    expect(guard('boot-restore', 'restore_files() { return 1; }', 'return_factors() { echo factors; }')).to.equal('1')
  })

  it('is started by systemd whatever room /run has', () => {
    for (const unit of ['guard@', 'boot-prove@', 'boot-restore@'])
      expect(readFileSync(path.join(host, '..', 'etc/systemd/system', `bastionctl-${unit}.service`), 'utf8'))
        .to.match(/^ExecStart=.*guard\.sh/m)
        .and.not.match(/^RuntimeDirectory/m)
  })

  it('leaves nothing below /run of one that was killed, whoever brings the change to its end', () => {
    putIn(folder(), 'run/bastionctl-guard-ID/of-one-that-was-killed', '')
    putIn(folder(), 'var/lib/bastionctl/changes/ID/state', 'state=rolled-back\n')
    expect(guard('deadline')).to.equal('0')
    expect(readdirSync(at('run'))).to.deep.equal([])
  })

  describe('says why it goes back', () => {
    const full = 'printf() { [ ! -f /proc/self/fd/1 ] || return 1; command printf "$@"; }'
    const reason = (): string => /^reason=(.*)$/m.exec(read('state'))?.[1] ?? ''

    beforeEach(() => {
      putIn(folder(), 'var/lib/bastionctl/changes/ID/state-reverting', 'state=reverting\nreason=on a full disk\n')
      expect(guard('roll-back', 'undo_person() { _undone=1; }')).to.equal('1')
    })

    it('as it was asked for, though the disk was full in between', () => {
      expect(guard('deadline', full)).to.equal('undone bob\nundone ann\n1')
      expect(reason()).to.equal('on a full disk')
      expect(guard('deadline')).to.equal(both)
      expect(reason()).to.equal('asked for by ann')
    })

    it('as it was asked for, though the host has restarted meanwhile', () => {
      expect(guard('boot-restore')).to.equal('0')
      expect(reason()).to.equal('restarted before it was confirmed')
      expect(guard('boot-prove')).to.equal(both)
      expect(reason()).to.equal('asked for by ann')
    })
  })

  it('says by its exit code what is left to do', () => {
    expect(guard('deadline', 'undo_person() { _undone=1; }')).to.equal('1')
    expect(readdirSync(at('run'))).to.deep.equal([])
    expect(guard('deadline', 'answers() { return 1; }')).to.equal('undone bob\nundone ann\n3')
  })
})
