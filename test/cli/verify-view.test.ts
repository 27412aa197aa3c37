import { expect } from 'chai'
import { verifyView } from '../../src/cli/views/verify.js'
import { noStyle } from '../../src/cli/views/style.js'
import type { Origin } from '../../src/domain/origin.js'
import type { HostVerification } from '../../src/engine/api.js'
import { fakeHost } from '../fakes/fake-inventory.js'

function shown(more: Partial<HostVerification>): string {
  return verifyView([{ host: fakeHost('i-a'), now: 5000, ...more }], noStyle).join('\n')
}

describe('the view of verify', () => {
  for (const [from, words] of [
    [{}, 'ann:'],
    [{ address: '10.0.0.1' }, 'ann from 10.0.0.1:'],
    [{ host: 'x.example.com', address: '10.0.0.1' }, 'ann from x.example.com at 10.0.0.1:'],
    [{ address: '10.0.0.1', localPort: 2222 }, 'ann from 10.0.0.1 to port 2222:'],
    [{ localAddress: '10.9.0.1', localPort: 2222 }, 'ann to 10.9.0.1 port 2222:'],
  ] as const satisfies readonly (readonly [Origin, string])[])
    it(`names where a value has drifted for: ${words}`, () => {
      const value = { kind: 'value', accounts: ['ann'], keyword: 'maxauthtries', wanted: '3', found: '9', change: 'A' }
      const decidedBy = { path: '/etc/ssh/sshd_config', line: 7 }
      expect(shown({ drifted: true, drift: [{ ...value, kind: 'value', from, decidedBy }] })).to.contain(
        `maxauthtries is "9", not "3", for ${words} /etc/ssh/sshd_config:7 decides`,
      )
    })

  for (const [of, words] of [
    ['running', 'the command line of the sshd that runs has'],
    ['unit', "the command line by which sshd's unit starts the next one has"],
    ['both', 'the command line of sshd has'],
  ] as const)
    it(`says whose options have drifted: ${words}`, () => {
      const line = { kind: 'command-line', of, change: 'A' } as const
      expect(shown({ drifted: true, drift: [{ ...line, found: '-4 -oAllowUsers=admin' }] })).to.contain(
        `${words} "-4 -oAllowUsers=admin", and had no options when the change was proven (change A)`,
      )
      expect(shown({ drifted: true, drift: [{ ...line, wanted: '-4' }] })).to.contain(
        `${words} no options, and had "-4" when the change was proven (change A)`,
      )
    })

  it('says how many places sshd was not asked about, and nothing where it was about all', () => {
    expect(shown({ placesNotAsked: 3 })).to.match(/note +sshd is asked about eight places .* not about 3 more$/m)
    expect(shown({})).not.to.match(/note/)
  })
})
