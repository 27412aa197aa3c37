import { expect } from 'chai'
import type { Findings } from '../../src/domain/drift.js'
import { driftOf } from '../../src/engine/drift.js'

const confirmedAt = 1000
const main = '/etc/ssh/sshd_config'
const dropIn = '/etc/ssh/sshd_config.d/00-bastionctl-mfa.conf'
const texts = [
  { path: main, content: '\nInclude /etc/ssh/sshd_config.d/*.conf\n\nKbdInteractiveAuthentication no\n' },
  { path: dropIn, content: 'KbdInteractiveAuthentication yes\nMatch Group robots\nAuthenticationMethods publickey\n' },
]

function findings(changed: Partial<Findings>): Findings {
  return {
    openssh: '9.2p1',
    args: [],
    localPort: 22,
    confirmed: new Map([
      ['B', confirmedAt],
      ['A', 500],
    ]),
    files: [],
    foreign: [],
    values: [],
    groups: new Map([['ann', ['ann']]]),
    refuses: '',
    commandLines: [],
    unreadUnit: '',
    behind: [],
    packages: [],
    texts,
    ...changed,
  }
}

const file: Findings['files'][number] = {
  path: '/etc/pam.d/sshd',
  change: 'A',
  before: 'old',
  wantedDigest: 'new',
  digest: 'theirs',
  wantedAccess: '0644 root:root',
  access: '0644 root:root',
  modified: 2000,
  changed: 2000,
  cloudInit: 0,
}
const value: Findings['values'][number] = {
  account: 'ann',
  keyword: 'kbdinteractiveauthentication',
  wanted: 'yes',
  found: 'no',
  change: 'A',
}
const openssh = { at: 1990, name: 'openssh-server', from: '1', to: '2' }

function fileDrift(changed: Partial<typeof file>, more: Partial<Findings> = {}) {
  return driftOf(findings({ files: [{ ...file, ...changed }], ...more }))[0]
}

describe('drift', () => {
  it('is a date that has passed without what was to be done then', () => {
    const sunset = { at: 5, text: 'no administrator would get in' }
    expect(driftOf(findings({ sunset }))).to.deep.equal([{ kind: 'sunset', ...sunset }])
  })

  it('of a managed file says how it differs', () => {
    for (const [changed, what] of [
      [{}, 'edited'],
      [{ digest: 'absent', modified: 0, changed: 0 }, 'missing'],
      [{ digest: 'old' }, 'undone'],
      [{ wantedDigest: 'absent', digest: 'theirs' }, 'back'],
      [{ wantedDigest: 'absent', digest: 'old' }, 'undone'],
      [{ digest: 'new', access: '0666 root:root' }, 'access'],
    ] as const)
      expect(fileDrift(changed)).to.include({ kind: 'file', path: file.path, change: 'A', what })
    expect(fileDrift({ digest: 'new', access: '0666 root:root' })).to.include({
      wanted: '0644 root:root',
      found: '0666 root:root',
    })
  })

  describe('names who did it:', () => {
    const edit = (at: number) => ({ by: 'edit', at })

    it('an edit, by the time of the content, or of the inode where that is older than the change', () => {
      expect(fileDrift({ modified: 1800 })).to.deep.include({ cause: edit(1800) })
      expect(fileDrift({ modified: 100 })).to.deep.include({ cause: edit(2000) })
    })

    it('nobody, where the file is gone', () => {
      expect(fileDrift({ digest: 'absent', modified: 0, changed: 0 })).to.not.have.property('cause')
    })

    it('a package, by its name and the time it took', () => {
      const pam = { at: 1990, name: 'libpam-runtime', to: '2' }
      const packages = [openssh, pam]
      expect(fileDrift({}, { packages })).to.deep.include({ cause: { by: 'package', at: 1990, package: pam } })
      expect(fileDrift({ path: dropIn }, { packages })).to.deep.include({
        cause: { by: 'package', at: 1990, package: openssh },
      })
      expect(fileDrift({ changed: 9000 }, { packages })).to.deep.include({ cause: edit(2000) })
    })

    it('cloud-init, by its log alone, and only where the file was not touched since', () => {
      expect(fileDrift({ path: main, cloudInit: 1999 })).to.deep.include({ cause: { by: 'cloud-init', at: 1999 } })
      expect(fileDrift({ path: main, cloudInit: 1200 })).to.deep.include({ cause: edit(2000) })
      const path = '/etc/ssh/sshd_config.d/50-cloud-init.conf'
      const foreign = [{ path, change: 'B', was: 'absent', digest: 'x', modified: 2000, changed: 2000, cloudInit: 0 }]
      expect(driftOf(findings({ foreign, packages: [openssh] }))).to.deep.equal([
        { kind: 'foreign-file', path, change: 'B', what: 'new', cause: edit(2000) },
      ])
    })

    it("the package of RHEL's crypto policies, and authselect's for what it links to", () => {
      const packages = ['authselect-libs', 'crypto-policies', 'openssh-server'].map((name) => ({
        at: 1990,
        name,
        to: '2',
      }))
      const [authselect, policies, ssh] = packages
      for (const [path, one] of [
        ['/etc/pam.d/system-auth', authselect],
        ['/etc/crypto-policies/back-ends/opensshserver.config', policies],
        [dropIn, ssh],
      ] as const)
        expect(fileDrift({ path }, { packages })).to.deep.include({ cause: { by: 'package', at: 1990, package: one } })
    })

    it("OpenSSH's package for sshd's own PAM file", () => {
      expect(fileDrift({}, { packages: [openssh] })).to.deep.include({
        cause: { by: 'package', at: 1990, package: openssh },
      })
    })
  })

  it("of others' files says whether they came, went or changed", () => {
    const rows = [
      ['absent', 'x', 'new'],
      ['x', 'absent', 'missing'],
      ['x', 'y', 'edited'],
    ] as const
    const foreign = rows.map(([was, digest]) => ({
      path: main,
      change: 'A',
      was,
      digest,
      modified: 0,
      changed: 0,
      cloudInit: 0,
    }))
    expect(driftOf(findings({ foreign }))).to.deep.equal(
      rows.map(([, , what]) => ({ kind: 'foreign-file', path: main, change: 'A', what })),
    )
  })

  it("of others' files dates an edit by the change that they are compared with, and not by a later one", () => {
    const file = { path: main, was: 'x', digest: 'y', modified: 700, changed: 2000, cloudInit: 0 }
    const causes = (change: string) => driftOf(findings({ foreign: [{ ...file, change }] }))
    expect(causes('A')[0]).to.deep.include({ cause: { by: 'edit', at: 700 } })
    expect(causes('B')[0]).to.deep.include({ cause: { by: 'edit', at: 2000 } })
  })

  describe('of a value', () => {
    const early = '/etc/ssh/sshd_config.d/00-a.conf'
    const withEarly = {
      texts: [...texts, { path: early, content: '\nChallengeResponseAuthentication no\n' }],
      foreign: [{ path: early, change: 'B', was: 'absent', digest: 'x', modified: 2000, changed: 2000, cloudInit: 0 }],
    }

    it('names the line that decides, by any of its names, and who wrote that file (lockout 4)', () => {
      const drift = driftOf(findings({ values: [value, { ...value, account: 'bob' }], ...withEarly }))
      expect(drift[0]).to.deep.equal({
        kind: 'value',
        accounts: ['ann', 'bob'],
        keyword: value.keyword,
        wanted: 'yes',
        found: 'no',
        change: 'A',
        decidedBy: { path: early, line: 2 },
        cause: { by: 'edit', at: 2000 },
      })
    })

    it('names an option on the command line (lockout 8)', () => {
      const [drift] = driftOf(findings({ values: [value], args: ['-o', 'KbdInteractiveAuthentication=no'] }))
      expect(drift).to.deep.include({ decidedBy: { path: 'the command line of sshd', line: 0 } })
    })

    it('names our own Match block where somebody has left or joined the group', () => {
      const methods = { ...value, keyword: 'authenticationmethods', wanted: 'any', found: 'publickey' }
      const [drift] = driftOf(findings({ values: [methods], groups: new Map([['ann', ['robots']]]) }))
      expect(drift)
        .to.deep.include({ decidedBy: { path: dropIn, line: 3 } })
        .and.not.have.property('cause')
    })

    it('for logins from one place names that, and the line that decides there', () => {
      const content = [
        'Match Address 10.0.0.0/8',
        'MaxAuthTries 9',
        'Match Address 172.16.0.0/12',
        'MaxAuthTries 09',
        'Match all',
        'MaxAuthTries 3',
      ].join('\n')
      const tries = { ...value, keyword: 'maxauthtries', wanted: '3', found: '9', from: { address: '172.16.0.1' } }
      const drift = driftOf(
        findings({ values: [tries, { ...tries, account: 'bob' }], texts: [...texts, { path: early, content }] }),
      )
      expect(drift).to.have.length(1)
      expect(drift[0]).to.deep.include({
        accounts: ['ann', 'bob'],
        from: { address: '172.16.0.1' },
        decidedBy: { path: early, line: 4 },
      })
    })

    it('is decided by the line for the port that sshd listens on', () => {
      const content = 'Match LocalPort 22\nMaxAuthTries 9\nMatch LocalPort 2222\nMaxAuthTries 9\n'
      const tries = { ...value, keyword: 'maxauthtries', wanted: '3', found: '9' }
      const decided = (localPort: number) =>
        driftOf(findings({ values: [tries], localPort, texts: [...texts, { path: early, content }] }))[0]
      expect(decided(22)).to.deep.include({ decidedBy: { path: early, line: 2 } })
      expect(decided(2222)).to.deep.include({ decidedBy: { path: early, line: 4 } })
    })

    it('is told by the lines where sshd refuses its files and says none', () => {
      const unsaid = { ...value, found: '' }
      const pam = { ...unsaid, keyword: 'usepam' }
      const drift = driftOf(findings({ values: [unsaid, pam], refuses: 'Disabled method', ...withEarly }))
      expect(drift.map(({ kind }) => kind)).to.deep.equal(['sshd-refuses', 'value', 'foreign-file'])
      expect(drift[1]).to.deep.include({ found: 'no', decidedBy: { path: early, line: 2 } })
      expect(driftOf(findings({ values: [unsaid], refuses: 'no hostkeys available' }))).to.have.length(1)
    })

    it('is none where the line says the same by its other name', () => {
      const root = { ...value, keyword: 'permitrootlogin', wanted: 'without-password', found: '' }
      const files = [{ path: main, content: 'PermitRootLogin prohibit-password\n' }]
      const drift = driftOf(findings({ values: [root], refuses: 'no hostkeys available', texts: files }))
      expect(drift.map(({ kind }) => kind)).to.deep.equal(['sshd-refuses'])
    })

    it('names no line where the files cannot be read as sshd reads them', () => {
      for (const changed of [
        { args: ['-f', '/srv/x'] },
        { texts: [] },
        { texts: [{ path: main, content: 'a\r\n' }] },
      ]) {
        const [drift] = driftOf(findings({ values: [value], ...changed }))
        expect(drift).to.include({ kind: 'value', found: 'no' }).and.not.have.property('decidedBy')
      }
    })
  })

  it('of the running sshd is named by itself, with the package that replaced it (lockout 13)', () => {
    const replaced = { path: '/usr/sbin/sshd', since: 2000 }
    expect(driftOf(findings({ replaced }))).to.deep.equal([{ kind: 'sshd-replaced', ...replaced }])
    expect(driftOf(findings({ replaced, packages: [openssh] }))[0]).to.deep.include({
      cause: { by: 'package', at: 1990, package: openssh },
    })
  })

  it('of the command line is said as it is, in front of what sshd says of its files (lockout 8)', () => {
    const line = { of: 'running', found: '-oAllowUsers=admin', change: 'A' } as const
    expect(driftOf(findings({ commandLines: [line], refuses: 'Disabled method' }))).to.deep.equal([
      { kind: 'command-line', ...line },
      { kind: 'sshd-refuses', text: 'Disabled method' },
    ])
  })
})
