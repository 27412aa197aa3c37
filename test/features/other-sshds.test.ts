/** Another sshd on a host is a refusal for all that writes files of sshd, until it is agreed to. */
import { expect } from 'chai'
import type { Facts } from '../../src/domain/facts.js'
import { draft } from '../../src/features/index.js'
import { refusal } from '../fakes/refusal.js'
import { hardening, policy, stockFacts } from './facts.js'

const stock = stockFacts()
const others = ['/usr/sbin/sshd -D -f /etc/ssh/second']
const facts: Facts = { ...stock, sshd: { ...stock.sshd, others } }

describe('another sshd', () => {
  for (const [name, wanted] of Object.entries({
    harden: hardening({}),
    'enable-mfa': policy({}),
    'disable-mfa': policy({ action: 'disable' }),
  }))
    it(`is named by ${name}, which goes on with --other-sshd alone`, async () => {
      const said = await refusal(() => draft(wanted, facts))
      expect(said.message).to.contain(`"${others[0] ?? ''}"`)
      expect(said.hint).to.contain('--other-sshd')
      const [note = ''] = draft({ ...wanted, otherSshd: true }, facts).notes
      expect(note).to.contain(`"${others[0] ?? ''}"`)
      expect(draft({ ...wanted, otherSshd: true }, stock).notes).to.deep.equal(draft(wanted, stock).notes)
    })
})
