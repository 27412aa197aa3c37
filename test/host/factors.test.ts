/** Factors of people as files: what is found, taken, kept and put back, by the scripts themselves in a folder of their own. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { putIn } from '../support/put-in.js'

const lib = fileURLToPath(new URL('../../templates/host/lib/', import.meta.url))
const text = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ\n" TOTP_AUTH\n'

/** A host as far as factors go, where ada is whoever runs this: her home is HOME, and root keeps factors in KEPT. */
class Place {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'bastionctl-factors-'))

  constructor(store: 'home' | 'root', more = '') {
    const kept = { home: '%h/.google_authenticator', root: `${this.folder}/kept/%u` }
    this.put(
      'run/data/manifest',
      `id=ID\nfactor=${kept[store]}\n${more.replace('HOME', '%h').replace('KEPT', kept.root)}`,
    )
    for (const folder of ['home', 'kept', 'changes/ID/people/ada']) this.run(`mkdir -p "$at/${folder}"`)
    this.put('changes/ID/people/ada/home', `${this.folder}/home\n`)
  }

  put(file: string, content: string): void {
    putIn(this.folder, file, content)
  }

  /** What the script prints, in which `at` is the folder. */
  run(script: string): string {
    const before = `at=$1
      for tool in env state databases keys factors fitness-totp; do . ${lib}$tool.sh; done
      RUN=$at/run CHANGES=$at/changes ID=ID _name=ada _where=live _was=$CHANGES/ID/people/ada _dir=$at/home
      as_owner() { shift; "$@"; }; journal() { echo "journal: $2"; }; note_kept() { echo "kept: $2 $3"; }; in_vain() { return 1; }
      same_person() { :; }; relabel() { :; }; home_of() { echo "$at/home"; }
      `
    return execFileSync('sh', ['-c', before + script, 'sh', this.folder], { encoding: 'utf8' }).replaceAll(
      this.folder,
      '',
    )
  }

  remove(): void {
    rmSync(this.folder, { recursive: true })
  }
}

let place: Place
const on = (...args: ConstructorParameters<typeof Place>): Place => (place = new Place(...args))
afterEach(() => {
  place.remove()
})

describe('factors that nobody knew of when the plan was made', () => {
  const asked = (): string =>
    place.run(`login_accounts() { echo "ada|$(id -u)|0|$at/home|/bin/sh"; }
      if newly_enrolled; then echo none; else cat "$RUN/moved"; fi`)
  const factor = (mode: string): void => {
    place.put('home/.google_authenticator', text)
    place.run(`chmod ${mode} "$at/home/.google_authenticator"`)
  }

  it('are the enrolment of whoever has one where it is left behind, and of nobody who moves', () => {
    on('root', 'factor_from=HOME/.google_authenticator\n')
    expect(asked()).to.equal('none\n')
    factor('0400')
    expect(asked()).to.equal('the enrolment of ada\n')
    place.put('run/data/roster', 'ada|update|||||||moved|\n')
    expect(asked()).to.equal('none\n')
  })

  it('are none where the module would refuse the file, or where nobody moves', () => {
    on('root', 'factor_from=HOME/.google_authenticator\n')
    factor('0644')
    expect(asked()).to.equal('none\n')
    place.remove()
    on('root')
    factor('0400')
    expect(asked()).to.equal('none\n')
  })
})
