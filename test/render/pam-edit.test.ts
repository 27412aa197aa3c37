import { expect } from 'chai'
import fc from 'fast-check'
import { profileFor } from '../../src/os/index.js'
import { applyPamEdit, revertPamEdit, type PamEdit } from '../../src/render/pam-edit.js'
import { readPam } from '../../src/render/pam.js'
import { distros, stockFacts, type Distro } from '../features/facts.js'

const path = '/etc/pam.d/sshd'
const edit: PamEdit = {
  path,
  feature: 'mfa',
  replaces: ({ control, target }) =>
    (control === '@include' && target === 'common-auth') || (control === 'substack' && target === 'password-auth'),
  lines: ['auth       substack     bastionctl-mfa'],
}
const auth = (text: string) =>
  readPam(text, path)
    .filter(({ type }) => type === 'auth' || type === '@include')
    .map((line) => line.text)

/** Lines as they occur, with blanks, tabs, comments and continuations where people put them. */
const aLine = fc.oneof(
  fc.constantFrom(
    '@include common-auth',
    '@include  common-auth  # why',
    'auth substack password-auth',
    '\tauth\tsubstack \\\n  password-auth',
    'auth \\\nsubstack \\\n\tpassword-auth \t',
  ),
  fc.constantFrom(
    '',
    '# a comment \\',
    '   ',
    'auth include postlogin',
    '-auth optional pam_reauthorize.so prepare',
    'account required pam_nologin.so',
    'session [success=ok default=bad] pam_selinux.so close',
    '@include common-session',
    'session optional pam_mail.so noenv # [1]',
  ),
  fc.stringMatching(/^[ab \t#=[\]@-]*$/),
)
const aFile = fc
  .tuple(fc.array(aLine, { maxLength: 12 }), aLine, fc.boolean())
  .map(([lines, last, newline]) => [...lines, '@include common-auth', last].join('\n') + (newline ? '\n' : ''))

describe('the editor of pam.d/sshd', () => {
  for (const name of Object.keys(distros) as Distro[]) {
    it(`${name}: puts the factor where the password was asked for, and leaves all else`, () => {
      const facts = stockFacts(name)
      const text = facts.files.find((one) => one.path === path)?.content ?? ''
      const profile = profileFor(facts)
      const made = applyPamEdit(text, { ...edit, replaces: (line) => profile.asksPassword(line) })
      const was = auth(text)
      expect(auth(made)).to.deep.equal(
        was.map((line) => (line === profile.passwordLine ? 'auth substack bastionctl-mfa' : line)),
      )
      expect(revertPamEdit(made, edit)).to.equal(text)
    })
  }

  it('lockout 2 of the hazards: no line that asks for the password is left in front of the factor', () => {
    const made = applyPamEdit(
      'auth substack password-auth\nauth include postlogin\nauth substack password-auth\n',
      edit,
    )
    expect(auth(made)).to.deep.equal(['auth substack bastionctl-mfa', 'auth include postlogin'])
  })

  it('on and off again is the file byte for byte', () => {
    fc.assert(
      fc.property(aFile, (text) => {
        const made = applyPamEdit(text, edit)
        expect(revertPamEdit(made, edit)).to.equal(text)
        expect(readPam(made, path).some(edit.replaces)).to.equal(false)
      }),
      { numRuns: 500 },
    )
  })

  it('on twice is on once', () => {
    fc.assert(
      fc.property(aFile, (text) => {
        const once = applyPamEdit(text, edit)
        expect(applyPamEdit(once, edit)).to.equal(once)
      }),
    )
  })

  it('touches nothing but the auth section', () => {
    fc.assert(
      fc.property(aFile, (text) => {
        const others = (of: string) =>
          readPam(of, path)
            .filter(({ type }) => type !== 'auth')
            .filter((line) => !edit.replaces(line))
            .map((line) => line.text)
        expect(others(applyPamEdit(text, edit))).to.deep.equal(others(text))
      }),
    )
  })

  it('keeps originals as comments that do not end in a backslash', () => {
    const made = applyPamEdit('auth substack \\\n  password-auth  \n', edit)
    expect(made.split('\n').filter((line) => line.startsWith('#bastionctl: '))).to.deep.equal([
      '#bastionctl: auth substack \\ |',
      '#bastionctl:   password-auth   |',
    ])
  })

  it('brings an older block up to date', () => {
    const old = applyPamEdit('@include common-auth\n', { ...edit, lines: ['auth include elsewhere'] })
    expect(applyPamEdit(old, edit)).to.equal(applyPamEdit('@include common-auth\n', edit))
  })

  it('lockout 33: refuses where it cannot tell the place', () => {
    expect(() => applyPamEdit('auth required pam_unix.so\n', edit))
      .to.throw('has no line that asks for the password')
      .with.property('exit', 'refused')
  })

  it('refuses a block that was edited by hand, naming the line', () => {
    const made = applyPamEdit('# one\n@include common-auth\n', edit)
    const without = (part: string) =>
      made
        .split('\n')
        .filter((line) => !line.includes(part))
        .join('\n')
    expect(() => revertPamEdit(without('# END'), edit)).to.throw(
      '/etc/pam.d/sshd:2 has a mark of bastionctl without its counterpart',
    )
    expect(() => revertPamEdit(without('# BEGIN'), edit)).to.throw('without its counterpart')
    expect(() => revertPamEdit(without('#bastionctl:'), edit)).to.throw(
      '/etc/pam.d/sshd:2 has a block of bastionctl without the lines',
    )
    expect(() => revertPamEdit(`${made}${made}`.replace(/# END[^\n]*\n/, ''), edit)).to.throw('without its counterpart')
  })
})
