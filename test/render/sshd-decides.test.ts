import { expect } from 'chai'
import type { Directive } from '../../src/render/sshd-config.js'
import { readSshd } from '../../src/render/sshd-config.js'
import { decides } from '../../src/render/sshd-decides.js'

const main = '/etc/ssh/sshd_config'
const early = '/etc/ssh/sshd_config.d/00-a.conf'
const late = '/etc/ssh/sshd_config.d/50-b.conf'
const ann = { name: 'ann', groups: ['ann', 'staff'] }

/** `path:line` of what decides; the texts are those of the early and the late drop-in. */
function decider(earlyText: string, lateText: string, found?: string, options: readonly Directive[] = []): string {
  const files = [
    { path: main, content: 'Include /etc/ssh/sshd_config.d/*.conf\nX11Forwarding yes\n' },
    { path: early, content: earlyText },
    { path: late, content: lateText },
  ]
  const line = decides([...options, ...readSshd(files, main)], ['x11forwarding'], ann, found)
  return line ? `${line.path}:${String(line.line)}` : 'nothing'
}

const option: Directive = { path: 'the command line of sshd', line: 0, keyword: 'x11forwarding', args: ['no'] }

describe('which line of sshd decides', () => {
  it('the first in the order of the files', () => {
    expect(decider('# a\nX11Forwarding no\n', 'X11Forwarding no\n', 'no')).to.equal(`${early}:2`)
    expect(decider('', '', 'yes')).to.equal(`${main}:2`)
  })

  it('an option on the command line beats them', () => {
    expect(decider('X11Forwarding no\n', '', 'no', [option])).to.equal('the command line of sshd:0')
  })

  it('a Match block that holds beats both, and one that does not is passed over', () => {
    expect(decider('X11Forwarding yes\n', 'Match Group staff\nX11Forwarding no\n', 'no', [option])).to.equal(
      `${late}:2`,
    )
    expect(decider('Match User bob\nX11Forwarding no\n', 'X11Forwarding no\n', 'no')).to.equal(`${late}:1`)
  })

  it('a block that depends on the connection counts where sshd says what it says', () => {
    const there = 'Match Address 127.0.0.0/8\nX11Forwarding no\n'
    expect(decider(there, 'X11Forwarding yes\n', 'no')).to.equal(`${early}:2`)
    expect(decider(there, 'X11Forwarding yes\n', 'yes')).to.equal(`${late}:1`)
    expect(decider(there, 'X11Forwarding yes\n')).to.equal(`${late}:1`)
  })

  it('is still the first one where sshd spells the value otherwise', () => {
    expect(decider('X11Forwarding true\n', 'X11Forwarding maybe\n', 'no')).to.equal(`${early}:1`)
  })

  it('is the one that says it by either name', () => {
    const words = ['without-password', 'prohibit-password', 'Prohibit-Password']
    for (const has of words)
      for (const found of words) {
        const text = `Match Address 127.0.0.0/8\nPermitRootLogin ${has}\nMatch all\nPermitRootLogin yes\n`
        const files = [{ path: main, content: text }]
        expect(decides(readSshd(files, main), ['permitrootlogin'], ann, found)?.line, `${has} ${found}`).to.equal(2)
      }
  })

  it('is none where nobody sets it', () => {
    expect(decides([], ['x11forwarding'], ann, 'no')).to.equal(undefined)
  })
})
