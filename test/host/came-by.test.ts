/** What the lines of keys and methods that let an account in become, of those that the host has found in sshd's log. */
import { expect } from 'chai'
import { readFacts } from '../../src/host/facts.js'

describe('what a host tells of how people came', () => {
  it('keeps keys that stand in no file apart from methods by which somebody else vouches', () => {
    const logins = (elsewhere: string) =>
      readFacts(
        'x',
        new Map([
          ['sshd', 'store=home\n'],
          ['accounts', 'ada|1000|/home/ada|/bin/sh|ada|locked|no|no|||\n'],
          ['logins', 'ada|0\n'],
          ['elsewhere', elsewhere],
        ]),
      ).accounts[0]?.logins
    expect(logins('ada|ED25519|\nada|gssapi-with-mic|\nada|hostbased|\nbob|hostbased|\n')).to.deep.equal({
      lately: true,
      withoutTerminal: 0,
      elsewhere: [{ type: 'ED25519' }],
      vouched: ['gssapi-with-mic', 'hostbased'],
    })
    expect(logins('')).to.deep.equal({ lately: true, withoutTerminal: 0 })
  })
})
