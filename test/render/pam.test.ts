import { expect } from 'chai'
import { jumps, mayEndEarly, readPam } from '../../src/render/pam.js'

const read = (text: string) => readPam(text, '/etc/pam.d/sshd')

describe('a file of /etc/pam.d', () => {
  it('is read into lines with their place, type, control, module and arguments', () => {
    const [first, second] = read('# c\n\nauth  required\tpam_x.so a=1  b\n-session optional pam_y.so\n')
    expect(first).to.deep.equal({
      first: 2,
      last: 2,
      type: 'auth',
      silent: false,
      control: 'required',
      target: 'pam_x.so',
      args: ['a=1', 'b'],
      text: 'auth required pam_x.so a=1 b',
    })
    expect(second).to.include({ type: 'session', silent: true, target: 'pam_y.so' })
  })

  it('takes type and control in any case, as PAM does', () => {
    expect(read('AUTH SubStack password-auth')[0]).to.include({
      type: 'auth',
      control: 'substack',
      target: 'password-auth',
    })
  })

  it('knows @include, and controls in brackets', () => {
    expect(read('@include common-auth')[0]).to.include({ type: '@include', control: '@include', target: 'common-auth' })
    const [line] = read('auth [success=1 default=ignore]  pam_unix.so nullok')
    expect(line).to.include({ control: '[success=1 default=ignore]', target: 'pam_unix.so' })
    expect(line?.args).to.deep.equal(['nullok'])
    expect(read('auth required pam_x.so [a \\] b] c')[0]?.args).to.deep.equal(['[a \\] b]', 'c'])
  })

  it('joins what a backslash continues', () => {
    expect(read('auth \\\n  substack \\\n  password-auth\naccount required pam_x.so')).to.deep.include.members([
      {
        first: 0,
        last: 2,
        type: 'auth',
        silent: false,
        control: 'substack',
        target: 'password-auth',
        args: [],
        text: 'auth substack password-auth',
      },
    ])
  })

  it('ends a line at its comment, whatever stands there', () => {
    const lines = read(
      'session optional pam_mail.so standard # [1] \\\nauth required pam_x.so\n# auth required pam_y.so \\\nauth required pam_z.so',
    )
    expect(lines.map(({ text }) => text)).to.deep.equal([
      'session optional pam_mail.so standard',
      'auth required pam_x.so',
      'auth required pam_z.so',
    ])
  })

  it('takes a backslash at the very end for one, with no line behind it', () => {
    expect(read('auth required pam_x.so \\')).to.have.length(1)
  })

  for (const [what, text] of [
    ['CRLF', 'a\nauth required pam_x.so\r\n'],
    ['a byte-order mark', '\uFEFFauth'],
    ['NUL', 'auth\0'],
  ] as const) {
    it(`is refused with ${what}`, () => {
      expect(() => read(text))
        .to.throw('/etc/pam.d/sshd')
        .with.property('exit', 'refused')
    })
  }

  it('is refused with the number of the line', () => {
    expect(() => read('a\nb\r\n')).to.throw('/etc/pam.d/sshd:2 has a carriage return')
  })

  it('shows which lines skip others by number, and which may end the stack', () => {
    const answers = (text: string) => read(text).map((line) => [jumps(line), mayEndEarly(line)])
    expect(answers('auth [success=2 default=ignore] pam_x.so')).to.deep.equal([[true, false]])
    expect(answers('auth [success=done default=ignore] pam_x.so\nauth sufficient pam_x.so')).to.deep.equal([
      [false, true],
      [false, true],
    ])
    expect(
      answers('auth [success=ok ignore=ignore default=bad] pam_x.so\nauth required pam_x.so success=1'),
    ).to.deep.equal([
      [false, false],
      [false, false],
    ])
  })
})
