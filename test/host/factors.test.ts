/** Factors of people as files: what is found, taken, kept and put back, by the scripts themselves in a folder of their own. */
import { execFileSync, spawn } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { draft } from '../../src/features/index.js'
import { policy, stockFacts } from '../features/facts.js'
import { putIn } from '../support/put-in.js'
import { aside, programsAside } from '../support/host-aside.js'
import { scratchFolder } from '../support/scratch-folder.js'

const text = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ\n" TOTP_AUTH\n'

/** A host as far as factors go, where ada is whoever runs this: her home is HOME, and root keeps factors in KEPT. */
class Place {
  readonly #lib: string

  constructor(
    readonly folder: string,
    store: 'home' | 'root',
    more = '',
  ) {
    this.#lib = programsAside(folder)
    const kept = { home: '%h/.google_authenticator', root: `${this.folder}/kept/%u` }
    this.put(
      'run/data/manifest',
      `id=ID\nfactor=${kept[store]}\n${more.replace('HOME', '%h').replace('KEPT', kept.root)}`,
    )
    for (const folder of ['home', 'kept', 'changes/ID/people/ada']) this.run(`mkdir -p "$at/${folder}"`)
    this.put('changes/ID/people/ada/home', `${this.folder}/home\n`)
    this.put('changes/ID/people/ada/uid', '1005\n')
  }

  put(file: string, content: string): void {
    putIn(this.folder, file, content)
  }

  /** What the script prints, in which `at` is the folder. */
  run(script: string): string {
    const before = `at=$1 lib=$2
      for tool in env files state databases keys keys-edit factors fitness-totp; do . "$lib"$tool.sh; done
      RUN=$at/run CHANGES=$at/changes ID=ID _name=ada _where=live _was=$CHANGES/ID/people/ada _dir=$at/home
      as_owner() { shift; "$@"; }; journal() { echo "journal: $2"; }; note_kept() { echo "kept: $2 $3"; }; in_vain() { return 1; }
      same_person() { :; }; relabel() { :; }; home_of() { echo "$at/home"; }
      `
    return execFileSync('sh', ['-c', before + script, 'sh', this.folder, this.#lib], { encoding: 'utf8' }).replaceAll(
      this.folder,
      '',
    )
  }
}

describe('factors as files', () => {
  let place: Place
  const folder = scratchFolder('factors')
  const on = (store: 'home' | 'root', more?: string): Place => {
    for (const name of readdirSync(folder())) rmSync(path.join(folder(), name), { recursive: true })
    return (place = new Place(folder(), store, more))
  }

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
        expect(seen()).to.match(/^\.google_authenticator\n/)
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
      expect(why('mounted() { :; }')).to.match(/^something is mounted at /)
      lay(`rm -r "$f"; ${odd.link}`)
      expect(why('mounted() { :; }')).to.equal('')
    })
  })

  describe('a factor at the place that is not in effect', () => {
    const kept = (): string =>
      place.run('cd "$at" && find home kept -type f -printf "%p %m\\n" | sort; cat home/.g* kept/ada 2>/dev/null || :')
    const other = { home: 'factor_other=KEPT\n', root: 'factor_other=HOME/.google_authenticator\n' } as const
    const files = { home: 'kept/ada', root: 'home/.google_authenticator' } as const

    for (const store of ['home', 'root'] as const)
      it(`goes with the other where that is the ${store}'s, and is back with a roll back`, () => {
        on(store, other[store])
        place.put(files[store], text)
        place.run(`chmod 0400 "$at/${files[store]}"`)
        const before = kept()
        for (const factor of ['gone', 'totp']) {
          const change = `_factor=${factor}; factor_text() { echo NEW; }; rm -rf "$_was"/[ef]*;`
          place.run(`${change} record_factor && give_factor`)
          expect(place.run(`ls "$at/${files[store]}" 2>&1 || :`)).to.match(/No such file/)
          for (const _ of ['once', 'and once more']) place.run(`${change.split('rm')[0] ?? ''} restore_factor ID`)
          expect(kept()).to.equal(before)
        }
      })

    it('stays where there are new scratch codes alone', () => {
      on('home', other.home)
      place.put('kept/ada', text)
      place.put('home/.google_authenticator', text)
      place.run('_factor=codes; factor_text() { echo NEW; }; record_factor && give_factor')
      expect(kept()).to.match(/^home\/\.google_authenticator 400\nkept\/ada \d+\n/)
    })

    it('is one of somebody else where an account of that name is to be made', () => {
      on('home', other.home)
      const said = (): string =>
        place.run(`. "$lib"roster.sh; . "$lib"roster-check.sh
          new_home() { echo "$at/nowhere"; }; roots_alone() { :; }; nobody_yet() { :; }; keys_in_home() { :; }; new_uid() { :; }
          check_newcomer || :`)
      expect(said()).to.equal('')
      place.put('kept/ada', text)
      expect(said()).to.equal('there is a second factor of somebody named ada already: /kept/ada\n')
    })

    it("is among a leaver's belongings, or in the home that stays", () => {
      on('home', other.home)
      place.put('kept/ada', text)
      expect(
        place.run(`. "$lib"roster.sh; . "$lib"roster-apply.sh; . "$lib"roster-accounts.sh
          usermod() { :; }; end_sessions() { :; }; belongings() { :; }; at_jobs() { :; }; _house=keep
          set_aside() { echo "aside: $1"; }; remove_person live ID`),
      ).to.equal('aside: /kept/ada\n')
      on('root', other.root)
      place.put('home/.google_authenticator', text)
      expect(place.run('keys_files() { :; }; _action=remove _house=keep; list_keys && cat "$_was/keys-path"')).to.equal(
        '/home/.google_authenticator\n',
      )
    })
  })

  describe('what a helper that was killed has left', () => {
    const lefts = ['.ada.1', '.ada.999999999', '.ada.12.999999999', '.adam.999999999', 'ada'] as const
    const left = (): string[] => place.run('ls -1A "$at/kept"').trim().split('\n')
    const live = (work: (name: string) => void): void => {
      const helper = spawn('sleep', ['60'], { argv0: 'bastionctl-mfa-enrol' })
      try {
        work(`.ada.${String(helper.pid)}`)
      } finally {
        helper.kill()
      }
    }

    it('goes with the factor, and nothing of a helper that is at work, or of an account whose name only begins so', () => {
      live((name) => {
        on('root')
        for (const file of [...lefts, name]) place.put(`kept/${file}`, text)
        place.run('drop_factor "$at/kept/ada" ada "$at/home"')
        expect(left()).to.have.members([name, '.ada.12.999999999', '.adam.999999999'])
        // Once there is no factor, too.
        place.put('kept/.ada.999999999', text)
        place.run('drop_factor "$at/kept/ada" ada "$at/home"')
        expect(left()).not.to.include('.ada.999999999')
      })
    })

    it('goes when the next helper of the account begins', () => {
      live((name) => {
        on('root')
        const helper = draft(policy({ secretStore: 'root' }), stockFacts()).files.find(({ path: at }) =>
          at.includes('sbin/'),
        )
        place.put('bin/getent', '#!/bin/sh\n[ "$1:$2" != passwd: ] || echo ada:x:1005:1005::/:/bin/sh\n')
        place.put('bin/id', '#!/bin/sh\necho 0\n')
        place.put(
          'bin/helper',
          aside(helper?.content ?? '', place.folder, {
            '/usr/sbin:/usr/bin': 'bin:/usr/sbin:/usr/bin',
            '/var/lib/google-authenticator': 'kept',
          }),
        )
        for (const file of [...lefts.slice(0, -1), name]) place.put(`kept/${file}`, text)
        const said = place.run(
          'chmod 0755 "$at"/bin/*; SUDO_UID=1005 SUDO_USER=ada sh "$at/bin/helper" 2>&1 </dev/null || :',
        )
        expect(said).to.match(/it needs a terminal/)
        expect(left()).to.have.members([name, '.ada.12.999999999', '.adam.999999999'])
      })
    })
  })
})
