/** Second factors that have moved come back, whatever lies at the place that they had. */
import { expect } from 'chai'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { scratchFolder } from '../support/scratch-folder.js'
import { programsAside } from '../support/host-aside.js'

const real = 'REALREALREALREAL\n" TOTP_AUTH\n'
const planted = 'OTHEROTHEROTHER2\n" TOTP_AUTH\n'

describe('a factor that has moved out of its home', () => {
  const folder = scratchFolder('moved')
  let home = ''
  let kept = ''
  const at = (...parts: string[]): string => path.join(folder(), ...parts)
  const old = (): string => path.join(home, '.google_authenticator')
  const was = (name: string, text: string): void => {
    writeFileSync(at('changes', 'ID', 'people', 'ann', name), text)
  }
  const has = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '')

  beforeEach(() => {
    home = at('home', 'ann')
    kept = at('kept', 'ann')
    for (const parts of [['home', 'ann'], ['kept'], ['run'], ['changes', 'ID', 'people', 'ann']])
      mkdirSync(at(...parts), { recursive: true })
    writeFileSync(at('changes', 'ID', 'manifest'), `factor=${at('kept')}/%u\nfactor_from=%h/.google_authenticator\n`)
    writeFileSync(at('changes', 'ID', 'roster'), 'ann|update|||||||moved|\n')
    was('home', `${home}\n`)
    was('factor-place', `${kept}\n`)
    was('factor-from', `${old()}\n`)
    was('factor', '')
    was(
      'factor-after',
      `${createHash('sha256')
        .update(real.slice(0, real.indexOf('\n') + 1))
        .digest('hex')}\n`,
    )
    writeFileSync(kept, real)
  })

  /** What is said and noted by so many tries of a roll back, each with its exit code. */
  function undone(tries = 1, ...stubs: string[]): string {
    const script = `
      for tool in env files state restore keys keys-edit factors roster roster-undo roster-accounts-undo; do . ${programsAside(folder())}$tool.sh; done
      CHANGES=$1/changes RUN=$1/run
      as_owner() { shift; "$@"; }; same_person() { :; }; durable() { :; }; sync() { :; }; journal() { :; }; mounts() { :; }; relabel() { :; }
      note_kept() { echo "kept $2 as $3"; }; note_lost() { echo "lost $2"; }
      ${stubs.join('\n')}
      for try in $(seq ${String(tries)}); do
        return_factors ID
        each_person $CHANGES/ID/roster undo ID; echo $?
      done`
    const undo = 'undo() { _was=$CHANGES/$1/people/$_name; restore_factor "$1"; }'
    return execFileSync('sh', ['-c', `${undo}; ${script}`, 'sh', folder()], { encoding: 'utf8' })
  }

  it('comes back, and is nowhere else', () => {
    expect(undone()).to.equal('0\n')
    expect([has(old()), has(kept)]).to.deep.equal([real, ''])
  })

  it('comes back over what somebody has laid there since, which is kept beside it', () => {
    writeFileSync(old(), planted)
    expect(undone()).to.equal(`kept ${old()} as ${old()}.bastionctl-aside\n0\n`)
    expect([has(old()), has(kept), has(`${old()}.bastionctl-aside`)]).to.deep.equal([real, '', planted])
  })

  it('leaves what was at the new place before as it was, however often that is tried', () => {
    was('factor', planted)
    expect(undone(3)).to.equal('0\n0\n0\n')
    expect([has(old()), has(kept)]).to.deep.equal([real, planted])
  })

  it('stays where it is if it has not moved yet, though there is another one at the new place', () => {
    was('factor', planted)
    writeFileSync(old(), real)
    writeFileSync(kept, planted)
    rmSync(at('changes', 'ID', 'people', 'ann', 'factor-after'))
    expect(undone(2)).to.equal('0\n0\n')
    expect([has(old()), has(kept)]).to.deep.equal([real, planted])
  })

  it('leaves what had made room at the new place in its place again, however often that is tried', () => {
    was('factor-aside', `${kept}.bastionctl-ID\n`)
    mkdirSync(`${kept}.bastionctl-ID`)
    expect(undone(3)).to.equal('0\n0\n0\n')
    expect(has(old())).to.equal(real)
    expect(existsSync(`${kept}.bastionctl-ID`)).to.equal(false)
    expect(statSync(kept).isDirectory()).to.equal(true)
  })

  it('does not go through a link that somebody has laid there', () => {
    writeFileSync(at('victim'), 'of somebody else\n')
    symlinkSync(at('victim'), old())
    expect(undone()).to.match(/^kept .*\n0\n$/)
    expect([has(old()), has(at('victim'))]).to.deep.equal([real, 'of somebody else\n'])
  })

  it('does not stay behind unsaid where it cannot be read at the confirm: that is tried again, and given up at the third time', () => {
    writeFileSync(old(), real)
    const settle = 'undo() { _was=$CHANGES/$1/people/$_name; leave_old_factor "$1"; }'
    const said = undone(3, 'return_factors() { :; }; cramped() { return 1; }; read_keys() { return 124; }', settle)
    const again = `${old()} cannot be read, and may hold the second factor of ann as before\n1\n`
    expect(said).to.equal(`${again}${again}kept ${old()} as it-withstands\n0\n`)
    expect(undone(1, 'return_factors() { :; }', settle)).to.equal('0\n')
    expect(has(old())).to.equal('')
  })

  const fails = 'write_keys() { return 1; }'
  it('is not thrown away where it cannot be written: two tries fail, and the third leaves it where it is and says so', () => {
    expect(undone(3, fails, 'cramped() { return 1; }')).to.equal(
      `1\n1\nkept ${old()} as it-withstands\nlost the second factor of ann (it is ${kept})\n0\n`,
    )
    expect([has(old()), has(kept)]).to.deep.equal(['', real])
  })

  it('is tried for ever where nobody could write it', () => {
    expect(undone(5, fails, 'cramped() { return 0; }')).to.equal('1\n1\n1\n1\n1\n')
    expect(has(kept)).to.equal(real)
  })

  describe('of somebody who has enrolled since', () => {
    const others = (people: readonly string[]): string =>
      `getent() { printf '${people.map((name) => `${name}:x:1005:1005::${at('home', name)}:/bin/sh\\n`).join('')}'; }; find() { :; }`

    beforeEach(() => {
      mkdirSync(at('home', 'bob'))
      mkdirSync(at('changes', 'ID', 'before', 'etc', 'pam.d'), { recursive: true })
      writeFileSync(at('kept', 'bob'), planted)
      writeFileSync(at('changes', 'ID', 'factors-there'), `ann|${home}\n`)
    })
    const bobs = (): string[] => [has(at('home', 'bob', '.google_authenticator')), has(at('kept', 'bob'))]

    it('goes back with the place, where a factor was asked for before', () => {
      writeFileSync(at('changes', 'ID', 'before', 'etc', 'pam.d', 'bastionctl-mfa'), 'auth\n')
      expect(undone(1, others(['ann', 'bob']), 'undo() { leave_new_place "$1"; }')).to.equal('0\n')
      expect(bobs()).to.deep.equal([planted, ''])
    })

    it('stays where none was', () => {
      expect(undone(1, others(['ann', 'bob']), 'undo() { leave_new_place "$1"; }')).to.equal('0\n')
      expect(bobs()).to.deep.equal(['', planted])
    })
  })
})
