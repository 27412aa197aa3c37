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
      for tool in env files state databases keys factors fitness-totp; do . ${lib}$tool.sh; done
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

describe('factors as files', () => {
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

  describe('what is no file that can be kept, in the place of a factor', () => {
    const odd = {
      folder: 'mkdir "$f" && echo deep >"$f/in"',
      link: 'ln -s /etc/hostname "$f"',
      large: 'head -c 262145 /dev/zero >"$f"',
    } as const
    const lay = (make: string): string => place.run(`f=$at/home/.google_authenticator; ${make}; stat -c %i "$f"`)
    const seen = (): string =>
      place.run(
        'cd "$at/home" && ls -1A && { [ ! -e .google_authenticator ] || stat -c "%F %i" .google_authenticator; }',
      )
    const given = (factor: string): string =>
      place.run(`_factor=${factor}; mounted() { return 1; }
      factor_text() { printf '%s\\n' '${text.split('\n')[0] ?? ''}'; }
      can_go "$(factor_place ada "$_dir")" && record_factor && give_factor && cat "$RUN/remark"`)
    const undone = (factor: string): string => place.run(`_factor=${factor}; restore_factor ID`)

    for (const [what, make] of Object.entries(odd))
      it(`${what}: makes room for a new one, and is back with a roll back`, () => {
        on('home')
        const inode = lay(make).trim()
        expect(given('totp')).to.match(
          /^\/home\/\.google_authenticator could not be kept .* is .*\.bastionctl-ID now\n$/,
        )
        expect(seen()).to.match(/^\.google_authenticator\n\.google_authenticator\.bastionctl-ID\nregular file \d+\n$/)
        for (const _ of ['once', 'and once more']) expect(undone('totp')).to.equal('')
        expect(seen()).to.match(new RegExp(`^\\.google_authenticator\\n[a-z ]+ ${inode}\\n$`))
      })

    it('goes aside too where enrolment comes next, and stays there once somebody has enrolled anew', () => {
      on('home')
      const inode = lay(odd.folder).trim()
      given('gone')
      expect(seen()).to.equal('.google_authenticator.bastionctl-ID\n')
      undone('gone')
      expect(seen()).to.equal(`.google_authenticator\ndirectory ${inode}\n`)
      given('gone')
      place.put('home/.google_authenticator', text)
      expect(undone('gone')).to.match(/^journal: the second factor of ada is another one by now/)
      expect(seen()).to.match(/^\.google_authenticator\n\.google_authenticator\.bastionctl-ID\nregular file/)
    })

    it('just goes in a view', () => {
      on('home')
      for (const make of Object.values(odd)) {
        lay(make)
        place.run('_where=view _factor=totp _place=$(factor_place ada "$_dir"); make_room')
        expect(seen()).to.equal('')
      }
    })

    it('is said before anything is armed where it cannot go', () => {
      on('home')
      const why = (stub: string): string =>
        place.run(`mounted() { return 1; }; lsattr() { echo "--------------e------- $3"; }; ${stub}
        can_go "$(factor_place ada "$_dir")" || :`)
      lay(odd.folder)
      expect(why('')).to.equal('')
      expect(why('lsattr() { echo "----i---------e------- $3"; }')).to.match(
        /^\/home\/\.google_authenticator cannot be replaced/,
      )
      expect(why('mounted() { :; }')).to.match(/something is mounted there/)
    })
  })
})
