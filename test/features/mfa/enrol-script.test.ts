/**
 * The script of the first login in real shells, with a made-up google-authenticator and id in front. What people see on a
 * real terminal of a real host is in test/lab/.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { draft } from '../../../src/features/index.js'
import { policy, stockFacts } from '../facts.js'

const rendered =
  draft(policy({ exemptGroups: ['robots'] }), stockFacts()).files.find((one) => one.path.startsWith('/etc/profile.d'))
    ?.content ?? ''

// SHLVL keeps bash from reading its bashrc as a shell that sshd has started.
const session = {
  SHLVL: '2',
  SSH_TTY: '/dev/pts/0',
  SSH_CONNECTION: '192.0.2.1 1 192.0.2.2 22',
  TERM: 'dumb',
}
const shells = ['dash', 'bash', 'zsh', 'ksh'].filter((shell) => spawnSync(shell, ['-c', ':']).status === 0)

describe('the script of the first login', function () {
  let folder = ''
  let script = ''
  let home = ''

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'bastionctl-enrol-'))
    home = path.join(folder, 'home')
    script = path.join(folder, 'enrol.sh')
    mkdirSync(home)
    // The same text with its own place, and with our tools in front.
    writeFileSync(
      script,
      rendered.replaceAll('/etc/profile.d/bastionctl-mfa-enrol.sh', script).replace('PATH=', `PATH=${folder}:`),
    )
    // Groups with a comma between them, since names may have blanks; as id(1) says of one without a name, its number and a complaint.
    tool(
      'id',
      `case $1 in
      -u) echo 1000 ;;
      -un) echo alice ;;
      -Gnz) printf 'alice,%s,4711,' "\${GROUPS_OF_ALICE-}" | tr , '\\0'; echo 'cannot find name for group ID 4711' >&2; exit 1 ;;
      *) echo "alice $(printf %s "\${GROUPS_OF_ALICE-}" | tr , ' ')" ;;
      esac`,
    )
    tool('google-authenticator', 'echo "tool $*"; echo secret >"$HOME/.google_authenticator"')
  })

  afterEach(() => {
    rmSync(folder, { recursive: true })
  })

  function tool(name: string, body: string): void {
    writeFileSync(path.join(folder, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 })
  }

  const env = (more: Record<string, string> = {}) => ({
    PATH: `${folder}:${process.env.PATH ?? ''}`,
    HOME: home,
    ...session,
    ...more,
  })

  /** What an interactive shell on a terminal shows when it reads the script and then says that it goes on. */
  function onTerminal(shell: string, before = ':', more: Record<string, string> = {}): string {
    const line = `${shell} -ic '${before}; . ${script}; echo GOES-ON'`
    const { stdout } = spawnSync('script', ['-qec', line, '/dev/null'], {
      env: env(more),
      encoding: 'utf8',
      input: '',
      timeout: 15_000,
    })
    return stdout
  }

  for (const shell of shells) {
    it(`lockout 44: ${shell}: not a byte and no exit without a terminal, under set -eu too`, () => {
      for (const flags of ['-c', '-euc', '-ic']) {
        const { status, stdout, stderr } = spawnSync(shell, [flags, `. ${script}; echo GOES-ON`], {
          env: env(),
          encoding: 'utf8',
          input: '',
        })
        expect([flags, status, stdout]).to.deep.equal([flags, 0, 'GOES-ON\n'])
        // An interactive shell may complain of the missing terminal on its own.
        if (flags !== '-ic') expect(stderr).to.equal('')
      }
      expect(existsSync(path.join(home, '.google_authenticator'))).to.equal(false)
    })

    it(`${shell}: enrols in an interactive shell on a terminal, and goes on`, function () {
      if (spawnSync('script', ['--version']).status !== 0) this.skip()
      const seen = onTerminal(shell)
      expect(seen).to.contain('-l alice@').and.to.contain('From your next login on').and.to.contain('GOES-ON')
      expect(onTerminal(shell), 'once').not.to.contain('tool')
      const secret = path.join(home, '.google_authenticator')
      expect(readFileSync(secret, 'utf8')).to.match(/^secret\n" BASTIONCTL_SINCE \d{10}\n$/)
      expect((statSync(secret).mode & 0o777).toString(8)).to.equal('400')
    })

    it(`${shell}: ends the session of whoever does not enrol, and leaves nothing`, function () {
      if (spawnSync('script', ['--version']).status !== 0) this.skip()
      tool('google-authenticator', 'echo half >"$HOME/.google_authenticator~"; exit 1')
      const seen = onTerminal(shell)
      expect(seen).to.contain('this session ends here').and.not.to.contain('GOES-ON')
      expect(execFileSync('ls', ['-A', home], { encoding: 'utf8' })).to.equal('')
    })
  }

  for (const [left, said] of [
    [13.5, '14 days are left: from'],
    [0.5, 'This is the last day: from'],
    [0, 'The time to set up a second factor is over'],
    [-3, 'The time to set up a second factor is over'],
  ] as const) {
    it(`says what is left of a grace, ${String(left)} days before its end, on a terminal only`, function () {
      if (spawnSync('script', ['--version']).status !== 0) this.skip()
      const until = Math.floor(Date.now() / 1000 + left * 86_400)
      const dated = draft(policy({ grace: { seconds: 86_400, until } }), stockFacts()).files
      const text = dated.find((one) => one.path.startsWith('/etc/profile.d'))?.content ?? ''
      writeFileSync(
        script,
        text.replaceAll('/etc/profile.d/bastionctl-mfa-enrol.sh', script).replace('PATH=', `PATH=${folder}:`),
      )
      const quiet = spawnSync('dash', ['-c', `. ${script}; echo GOES-ON`], { env: env(), encoding: 'utf8', input: '' })
      expect(quiet.stdout + quiet.stderr).to.equal('GOES-ON\n')
      expect(onTerminal('dash')).to.contain(said).and.to.contain('GOES-ON')
      expect(onTerminal('dash'), 'once there is a factor').not.to.contain(said)
    })
  }

  for (const shell of shells)
    it(`${shell}: enrols whose groups have names of which an exempt one is but a part`, function () {
      if (spawnSync('script', ['--version']).status !== 0) this.skip()
      const of = { GROUPS_OF_ALICE: 'domain robots,robots of ours,old robots 2,robots2' }
      expect(onTerminal(shell, ':', of))
        .to.contain('-l alice@')
        .and.not.to.contain('4711')
    })

  for (const [what, before, more] of [
    ['root', 'id() { echo 0; }', {}],
    ['a member of an exempt group', ':', { GROUPS_OF_ALICE: 'users,robots,domain users' }],
    ['a shell that is no ssh login (su, sudo -i, the console)', ':', { SSH_TTY: '', SSH_CONNECTION: '' }],
  ] as const) {
    it(`leaves ${what} alone`, function () {
      if (spawnSync('script', ['--version']).status !== 0) this.skip()
      expect(onTerminal('dash', before, more).trim()).to.equal('GOES-ON')
    })
  }

  it('lockout 35: lets people in with a warning where the tool is missing or the disk is full', function () {
    if (spawnSync('script', ['--version']).status !== 0) this.skip()
    rmSync(path.join(folder, 'google-authenticator'))
    if (spawnSync('google-authenticator', ['--version']).error === undefined) this.skip()
    expect(onTerminal('bash')).to.contain('google-authenticator is not installed').and.to.contain('GOES-ON')
    tool('google-authenticator', 'exit 1')
    // A folder in the way of the file that is tried first stands for a disk that takes nothing.
    mkdirSync(path.join(home, '.google_authenticator.try'))
    expect(onTerminal('bash')).to.contain('cannot write to').and.to.contain('GOES-ON')
  })
})
