import { expect } from 'chai'
import { atLeast, compareOpenssh, keyboardInteractiveKeywords, parseOpenssh, spellings } from '../../src/os/openssh.js'

describe('versions of OpenSSH', () => {
  for (const [text, major, minor, patch] of [
    ['8.4p1', 8, 4, 1],
    ['10.0p2', 10, 0, 2],
    ['9.9', 9, 9, 0],
    ['OpenSSH_9.2p1 Debian-2+deb12u3, OpenSSL 3.0.13', 9, 2, 1],
  ] as const) {
    it(`reads ${text}`, () => {
      expect(parseOpenssh(text)).to.deep.equal({ major, minor, patch })
    })
  }

  it('refuses another program', () => {
    expect(() => parseOpenssh('dropbear 2022.83'))
      .to.throw('"dropbear 2022.83"')
      .with.property('exit', 'host-unfit')
  })

  it('sorts by number, not by letter', () => {
    expect(['10.0p2', '9.2p1', '8.7p1', '8.10p1'].sort(compareOpenssh)).to.deep.equal([
      '8.7p1',
      '8.10p1',
      '9.2p1',
      '10.0p2',
    ])
    expect(atLeast('10.0p2', '9.8')).to.equal(true)
    expect(atLeast('8.7', '8.7')).to.equal(true)
    expect(atLeast('8.4p1', '8.7')).to.equal(false)
  })

  it('lockout 2: switches on what decides keyboard-interactive in that version', () => {
    expect(keyboardInteractiveKeywords('8.4p1')).to.include('ChallengeResponseAuthentication')
    expect(keyboardInteractiveKeywords('8.7p1')).to.deep.equal(['KbdInteractiveAuthentication'])
  })

  it('names what a line may call a keyword', () => {
    expect(spellings('kbdinteractiveauthentication', '9.2p1')).to.include('challengeresponseauthentication')
    expect(spellings('kbdinteractiveauthentication', '8.4p1')).to.deep.equal(['kbdinteractiveauthentication'])
    expect(spellings('challengeresponseauthentication', '8.4p1')).to.include('skeyauthentication')
    expect(spellings('challengeresponseauthentication', '8.4p1')).not.to.include('kbdinteractiveauthentication')
    expect(spellings('challengeresponseauthentication', '9.2p1')).to.include('kbdinteractiveauthentication')
    expect(spellings('pubkeyacceptedalgorithms', '9.2p1')).to.include('pubkeyacceptedkeytypes')
    expect(spellings('requiredrsasize', '8.7p1')).to.deep.equal(['requiredrsasize', 'rsaminsize'])
    expect(spellings('ciphers', '9.2p1')).to.deep.equal(['ciphers'])
  })
})
