/** roster.sh with shadow's tools replaced by ones that say what they were asked. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { programsAside } from '../support/host-aside.js'
import { putIn } from '../support/put-in.js'

/** What a script says, of a shell with these files, by their paths, below its first argument; `lib` is where libraries are. */
function said(files: Readonly<Record<string, string>>, script: string, shell: 'sh' | 'bash' = 'sh'): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'bastionctl-roster-'))
  try {
    for (const [name, text] of Object.entries(files)) putIn(folder, name, text)
    const env = { ...process.env, lib: programsAside(folder) }
    return execFileSync(shell, ['-c', script, shell, folder], { encoding: 'utf8', env }).replaceAll(folder, '')
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** What useradd and usermod are called with for this line of a roster, of an account with this day in shadow(5). */
function asked(line: string, day = ''): string {
  return said(
    { 'people/ada/uid': '1005\n', 'people/ada/shadow': `ada:*:20000:-1:-1:7:-1:${day}:\n`, roster: `${line}\n` },
    `
      for tool in roster roster-apply roster-accounts databases keys keys-edit factors; do . "$lib"$tool.sh; done
      epoch() { date +%s; }
      useradd() { [ "$1" != -D ] || return 0; echo useradd "$@"; }
      usermod() { echo usermod "$@"; }
      chmod() { :; }; restorecon() { :; }; sync() { :; }; give_keys() { :; }; give_factor() { :; }
      home_of() { echo /home/ada; }
      end_sessions() { echo ended; }; linger_on() { echo lingers; }
      _was=$1/people/ada RUN=$1
      carry_out() { case $_action in create) create_person live ;; *) update_person live ;; esac; }
      each_person "$1/roster" carry_out`,
  )
}

describe('an account on its host', () => {
  it('is made without ageing: it has no password that could be changed', () => {
    expect(asked('ada|create||/bin/sh||||keep||')).to.match(/-p \* -K PASS_MAX_DAYS=-1 .*-f -1 ada\n/)
  })

  it('ends after its last day, not on it (pam_unix refuses from the day of shadow(5) on), by the number that no zone moves', () => {
    expect(asked('ada|create||/bin/sh|||2030-12-31|keep||')).to.match(/ -e 22280 ada\n/)
    expect(asked('ada|update|||||2028-02-28|keep||')).to.equal('usermod -e 21243 ada\n')
    expect(asked('ada|update|||||never|keep||')).to.equal('usermod -e  ada\n')
  })

  it('whose last day is today keeps its sessions; whose was yesterday does not', () => {
    const day = (ago: number): string => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10)
    expect(asked(`ada|update|||||${day(0)}|keep||`)).to.not.contain('ended')
    expect(asked(`ada|update|||||${day(1)}|keep||`)).to.match(/ended\n$/)
    expect(asked('ada|update|||||1970-01-01|keep||')).to.equal('usermod -e 1 ada\nended\n')
  })
})

describe("hooks of shadow's tools", () => {
  /** What is done to an account by this action, in order. */
  function done(where: 'view' | 'live', action: string): string {
    return said(
      { 'data/roster': `ada|${action}|||||||||\n` },
      `. "$lib"roster.sh; . "$lib"roster-apply.sh; RUN=$1
        rm() { echo rm "$@"; }; sed() { echo sed "$3"; }; sync() { :; }; apply_person() { echo "$_action" "$1"; }
        apply_roster ${where} ID`,
    )
  }

  it('are taken out of the view before anybody is made or goes there, and out of the host never', () => {
    for (const action of ['create', 'update', 'remove']) {
      expect(done('view', action)).to.equal(`rm -rf /etc/shadow-maint\nsed /etc/login.defs\n${action} view\n`)
      expect(done('live', action)).to.equal(`${action} live\n`)
    }
  })
})

describe('an account whose day changes', () => {
  const today = Math.floor(Date.now() / 86_400_000)

  it('has what lingers begun again where it was shut, and is not any more', () => {
    for (const day of ['1', String(today)])
      expect(asked('ada|update|||||never|keep||', day)).to.equal('usermod -e  ada\nlingers\n')
    expect(asked('ada|update|||||2099-12-31|keep||', '1')).to.match(/lingers\n$/)
  })

  it('has nothing begun where it was not shut, or stays so', () => {
    for (const day of ['', String(today + 1)])
      expect(asked('ada|update|||||never|keep||', day)).to.equal('usermod -e  ada\n')
    expect(asked('ada|update|||||2020-12-31|keep||', '1')).to.match(/ended\n$/)
    expect(asked('ada|update||||adm||keep||', '1')).to.equal('usermod -a -G adm ada\n')
  })
})

describe('the day of an account that goes back', () => {
  /** What is done and said, of an account that had the one day and has the other. */
  function done(expires: string, had: string, has: string): string {
    return said(
      { 'people/ada/home': '/home/ada\n', 'people/ada/shadow': `ada:*:20000:-1:-1:7:-1:${had}:\n` },
      `
        for tool in roster roster-undo; do . "$lib"$tool.sh; done
        epoch() { date +%s; }
        day=${has}
        getent() { echo "ada:*:20000:-1:-1:7:-1:$day:"; }
        usermod() { day=$2; echo usermod "$@"; }
        note_kept() { echo kept "$2" "$3"; }
        same_person() { :; }; end_sessions() { echo ended; }; linger_on() { echo lingers; }
        _was=$1/people/ada _name=ada _groups= _factor= _expires=${expires}
        restore_person ID`,
    )
  }

  it('is the old one where it is that of the change, which is the day after the last one with access', () => {
    expect(done('2028-02-28', '', '21243')).to.equal('usermod -e  ada\nlingers\n')
    expect(done('never', '1', '')).to.equal('usermod -e 1 ada\nended\n')
    expect(done('1970-01-01', '21243', '1')).to.equal('usermod -e 21243 ada\nlingers\n')
  })

  it('a second time is left as it is, and sessions that a death has left end', () => {
    expect(done('never', '1', '1')).to.equal('ended\n')
  })

  it("is somebody else's where it is neither, and stays", () => {
    for (const [expires, had, has] of [
      ['2028-02-28', '', '0'],
      ['2028-02-28', '', '1'],
      ['never', '1', '21000'],
      ['never', '', '0'],
    ] as const)
      expect(done(expires, had, has)).to.equal(`kept expiry-of-ada ${has}\n`)
    expect(done('2028-02-28', '21000', '')).to.equal('kept expiry-of-ada never\n')
  })
})

describe('the account of a leaver', () => {
  /** What is done and said, of one with this day in shadow(5) by the time of the confirm. */
  function settled(day: string): string {
    return said(
      {
        'ID/people/ada/uid': '1005\n',
        'ID/people/ada/home': '/nowhere/ada\n',
        'ID/roster': 'ada|remove|||||||keep||\n',
      },
      `exec 2>&1
        for tool in env files state databases keys keys-edit factors roster; do . "$lib"$tool.sh; done
        CHANGES=$1 RUN=$1
        getent() { [ "$1" = shadow ] && echo "ada:*:20000:-1:-1:7:-1:${day}:" || echo ada:x:1005:1005::/nowhere/ada:/bin/sh; }
        userdel() { echo userdel "$@" >&2; }
        clear_locks() { :; }; end_sessions() { :; }; belongings() { :; }; at_jobs() { :; }; factor_place() { :; }; drop_file() { :; }
        has_line() { return 1; }; forget_person() { :; }; durable() { :; }
        delete_account() { userdel "$_name"; }
        settle_roster ID && echo settled || echo not settled`,
    )
  }

  it('goes with the confirm where it is as the change has left it', () => {
    expect(settled('1')).to.equal('userdel ada\nsettled\n')
  })

  it('that somebody has changed meanwhile is left alone, and the confirm says that it is there', () => {
    for (const day of ['0', '', '21000'])
      expect(settled(day)).to.equal('account ada was changed by somebody else, and is still there\nnot settled\n')
  })
})

describe('a home that is to be deleted', () => {
  it('is said to be there as long as it is, by each later change', () => {
    const aside = 'home/.bastionctl-homes/ada-ID'
    const twice = said(
      {
        'ID/people/ada/home': 'home/ada\n',
        'ID/people/ada/gone': '',
        'ID/roster': 'ada|remove||||||purge||\n',
        'ID/state': 'state=confirmed\n',
        [`${aside}/file`]: '',
      },
      `
        for tool in env state databases keys keys-edit factors roster roster-apply roster-accounts; do . "$lib"$tool.sh; done
        CHANGES=$1 RUN=$1
        cd "$1"
        clear_locks() { :; }; mounted() { return 1; }; systemd-run() { echo deletes; }
        settle_left; settle_left; rm -r ${aside}.purge; settle_left`,
      'bash',
    )
    expect(twice).to.equal(`deletes\n${aside}.purge is still there: its deletion has not come to an end\ndeletes\n`)
  })
})

describe('the uid of a new account', () => {
  /** Where these are in use, and where login.defs has these lines. */
  function given(used: readonly number[], defs = ''): string {
    const script = `. "$lib"roster-accounts.sh
      CHANGES=$1/changes
      getent() { for uid in ${used.join(' ')}; do echo "x:x:$uid:x"; done; }
      grep() { printf '%s\\n' '${defs}'; }
      new_uid '' || echo none`
    return said({}, script).trim()
  }

  it('is above all that are in use, by people alone', () => {
    expect(given([0, 33, 65_534])).to.equal('1000')
    expect(given([0, 1000, 1004, 65_534])).to.equal('1005')
    expect(given([1000], 'UID_MIN 5000')).to.equal('5000')
  })

  it('is the highest free one where that would be no uid of people', () => {
    expect(given([1000, 59_999])).to.equal('60000')
    expect(given([1000, 60_000])).to.equal('59999')
    expect(given([1000, 59_998, 60_000])).to.equal('59999')
    expect(given([1000, 1002], 'UID_MAX 1002')).to.equal('1001')
    expect(given([1000, 1001], 'UID_MAX 60500')).to.equal('1002')
  })

  it('is none that a rule of sudo is for, which counts as in use and not as the highest', () => {
    expect(given([1000, 1004], '#1005\n#50000')).to.equal('1006')
    expect(given([1000, 59_999], '#60000')).to.equal('59998')
  })

  it("is nobody's who has been taken off", () => {
    const files = { 'changes/one/people/bob/uid': '1007\n', 'changes/two/people/eve/uid': '1003\n' }
    const script = `. "$lib"roster-accounts.sh; CHANGES=$1/changes; getent() { echo x:x:1000:x; }; new_uid ''`
    expect(said(files, script)).to.equal('1008\n')
  })

  it('is none where all are in use', () => {
    expect(given([1000, 1001], 'UID_MAX 1001')).to.equal('none')
  })
})

describe('what runs for an account', () => {
  it('is not what has ended and waits for its parent', function () {
    if (process.getuid?.() !== 0) this.skip()
    // A uid that nobody has. `exec` keeps the child that has ended, for which the new program does not wait.
    const begin = 'setpriv --reuid=54321 --regid=54321 --clear-groups sh -c "sleep 0 & exec sleep 9" &'
    const ended = 'until grep -qs "^State:.Z" $(grep -ls "^Uid:.54321" /proc/[0-9]*/status); do sleep 0.1; done'
    const script = `. "$lib"roster.sh; ${begin} parent=$!; ${ended}; processes nobody 54321; echo $parent; kill $parent`
    const [running, parent] = said({}, script).split('\n')
    expect(running).to.equal(parent)
  })
})

describe('an account that is to get in', () => {
  const day = (ago: number): string => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10)

  /** What is said before anything is armed, by the day that the account is given and by its login. */
  function named(expires: string, login: string): string {
    return said(
      { 'data/roster': `ada|update|||||${expires}|keep||\n`, 'data/cases': `one|${login}|yes\n` },
      '. "$lib"roster.sh; . "$lib"roster-check.sh; RUN=$1; each_person "$RUN/data/roster" check_last_day || :',
    )
  }

  it('is named before the logins are tried where its last day has passed meanwhile', () => {
    const entered = 'rehearse|ada|fresh|right|in'
    expect(named(day(1), entered)).to.match(/^the last day of ada, \d{4}-\d\d-\d\d, has passed: it stays shut/)
    for (const expires of [day(0), day(-1), 'never', '']) expect(named(expires, entered)).to.equal('')
  })

  it('is none where it is shut on purpose', () => {
    expect(named('1970-01-01', 'rehearse|ada|fresh|right|in')).to.match(/^the last day of ada, 1970-01-01, has passed/)
    expect(named('1970-01-01', 'rehearse|ada|fresh|right|refused')).to.equal('')
    expect(named('1970-01-01', 'rehearse|bob|fresh|right|in')).to.equal('')
  })
})
