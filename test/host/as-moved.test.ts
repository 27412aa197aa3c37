/** What `verify` expects of accounts that changes of people have moved into an exempt group, or out of one, since the change that made it. */
import { expect } from 'chai'
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { putIn } from '../support/put-in.js'
import { scratchFolder } from '../support/scratch-folder.js'
import { programsAside } from '../support/host-aside.js'

const factor = 'publickey,keyboard-interactive:pam'
const dropIn = '/etc/ssh/sshd_config.d/00-bastionctl-mfa.conf'
const ours = `AuthenticationMethods ${factor}

Match Group robots
    AuthenticationMethods publickey
Match Group breakglass
    AuthenticationMethods publickey
`
/** As where the main file holds our lines: those of others are not ours. */
const blocks = `# BEGIN bastionctl mfa (managed)
AuthenticationMethods ${factor}
# END bastionctl mfa
Match Group theirs
    AuthenticationMethods password
# BEGIN bastionctl mfa match (managed)
Match Group robots
    AuthenticationMethods publickey
Match all
# END bastionctl mfa match
`

interface Edit {
  readonly action?: 'create' | 'update' | 'remove'
  readonly groups?: string
  readonly left?: readonly string[]
  readonly before?: readonly string[]
}

describe('what is expected of whoever changes of people have moved', () => {
  const folder = scratchFolder('moved')
  const put = (file: string, text: string): void => {
    putIn(folder(), file, text)
  }
  beforeEach(() => {
    mkdirSync(path.join(folder(), 'run'))
    enabled(dropIn, ours)
  })

  function enabled(file: string, text: string): void {
    put('changes/1/state', 'state=confirmed\n')
    put('changes/1/manifest', 'feature=mfa\n')
    const there = `${folder()}${file}`
    put('changes/1/files', `1|${there}|update|0644|root|root|x|y\n`)
    put(`changes/1/after${there}`, text)
    const rows = [
      `cy|authenticationmethods|${factor}|any`,
      'cy|usepam|yes|any',
      'dan|authenticationmethods|publickey|any',
    ]
    put('changes/1/expect', rows.map((row) => `${row}\n`).join(''))
  }

  function people(id: string, accounts: Readonly<Record<string, Edit>>, state = 'confirmed'): void {
    put(`changes/${id}/state`, `state=${state}\n`)
    put(`changes/${id}/manifest`, 'feature=users\n')
    put(`changes/${id}/files`, '')
    const roster = Object.entries(accounts).map(([name, { action = 'update', groups = '', left, before = [] }]) => {
      const was = `changes/${id}/people/${name}`
      if (action !== 'create') put(`${was}/member-group`, before.map((group) => `${group}:x:1:${name}\n`).join(''))
      if (left) put(`${was}/list-leave`, left.map((group) => `${group}\n`).join(''))
      return `${name}|${action}||||${groups}||||\n`
    })
    put(`changes/${id}/roster`, roster.join(''))
  }

  /** What is expected of sshd's answer to the logins of each; absent where nothing is. */
  function asked(): Record<string, string> {
    const script = `
      for name in env state drift proven; do . "$0$name.sh"; done
      RUN=$1/run CHANGES=$1/changes
      id() { :; }
      expected`
    const rows = execFileSync('sh', ['-c', script, programsAside(folder()), folder()], { encoding: 'utf8' })
      .split('\n')
      .filter(Boolean)
    expect(rows).to.include('cy|usepam|yes|any|1')
    return Object.fromEntries(
      rows.flatMap((row) => {
        const [name = '', keyword, value = ''] = row.split('|')
        return keyword === 'authenticationmethods' ? [[name, value]] : []
      }),
    )
  }
  const asEnabled = { cy: factor, dan: 'publickey' }

  it('is as it was where nobody was moved', () => {
    expect(asked()).to.deep.equal(asEnabled)
    people('2', { cy: { groups: 'staff', left: ['old'], before: ['old', 'robots'] }, eve: { groups: 'robots' } })
    expect(asked()).to.deep.equal(asEnabled)
  })

  it('is the key alone of whoever was given an exempt group, and the factor of whoever has left it', () => {
    people('2', { cy: { groups: 'staff,robots' }, dan: { left: ['robots'], before: ['robots', 'staff'] } })
    expect(asked()).to.deep.equal({ cy: 'publickey', dan: factor })
  })

  it('is by the lines that the change has put between marks', () => {
    rmSync(path.join(folder(), 'changes', '1'), { recursive: true })
    enabled('/etc/ssh/sshd_config', blocks)
    people('2', { cy: { groups: 'robots' }, dan: { left: ['robots'], before: ['robots', 'theirs'] } })
    expect(asked()).to.deep.equal({ cy: 'publickey', dan: factor })
    people('2', { cy: { groups: 'theirs' } })
    expect(asked()).to.deep.equal(asEnabled)
  })

  it('is the key alone of whoever leaves one and stays in another one', () => {
    people('2', { dan: { left: ['robots'], before: ['robots', 'breakglass'] } })
    expect(asked()).to.deep.equal(asEnabled)
  })

  it('goes by the last change that was about it', () => {
    people('2', { cy: { groups: 'robots' } })
    people('3', { cy: { left: ['robots'], before: ['robots'] } })
    people('4', { cy: { groups: 'staff' } })
    expect(asked()).to.deep.equal(asEnabled)
  })

  it('goes by no change that was rolled back, or came before', () => {
    people('2', { cy: { groups: 'robots' } }, 'rolled-back')
    people('0', { cy: { groups: 'robots' } })
    expect(asked()).to.deep.equal(asEnabled)
  })

  it('is nothing while such a change waits, and as it was where the one that waits is about something else', () => {
    people('2', { cy: { groups: 'robots' }, dan: { groups: 'staff' } }, 'proven')
    expect(asked()).to.deep.equal({ dan: 'publickey' })
  })

  it('is nothing of whoever was taken off, and by the groups of whoever was made since', () => {
    people('2', { cy: { action: 'remove' }, dan: { action: 'remove', before: ['robots'] } })
    expect(asked()).to.deep.equal({})
    people('3', { cy: { action: 'create', groups: 'robots' }, dan: { action: 'create' } })
    expect(asked()).to.deep.equal({ cy: 'publickey', dan: factor })
  })
})
