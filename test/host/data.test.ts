import { expect } from 'chai'
import type { Change } from '../../src/domain/change.js'
import { changeData, orderData } from '../../src/host/data.js'

const change: Change = {
  feature: 'mfa',
  summary: 'enable mfa',
  files: [
    {
      path: '/etc/pam.d/sshd',
      action: 'update',
      mode: '0644',
      owner: 'root',
      group: 'root',
      before: 'aa',
      after: 'bb',
      content: 'new\n',
      diff: '',
      reason: '',
    },
    {
      path: '/etc/old',
      action: 'remove',
      mode: '0644',
      owner: 'root',
      group: 'root',
      before: 'cc',
      after: 'absent',
      diff: '',
      reason: '',
    },
  ],
  accounts: [],
  packages: [{ name: 'libpam-google-authenticator', module: 'pam_google_authenticator.so' }],
  method: 'totp',
  factor: '%h/.google_authenticator',
  reads: [{ kind: 'file', name: '/etc/pam.d/sshd', digest: 'aa' }],
  logins: [
    {
      id: 'one',
      phase: 'prove',
      account: '@probe',
      factor: 'fresh',
      answer: 'wrong',
      expect: 'refused',
      prompted: true,
    },
  ],
  expectations: [
    { account: 'ann', keyword: 'usepam', value: 'yes' },
    { account: 'ann', keyword: 'maxsessions', value: '10', loopback: true },
    { account: 'root', keyword: 'usepam', value: 'yes' },
    { account: 'root', keyword: 'maxsessions', value: '10' },
  ],
  lockouts: [
    { account: 'ci', reason: 'r', accepted: true },
    { account: 'bob', reason: 'r', accepted: false },
    { account: 'dan', reason: 'r', accepted: true, keys: ['SHA256:c', 'SHA256:d'] },
  ],
  keyOnly: [],
  access: [],
  spared: [
    { account: 'carol', except: ['SHA256:a', 'SHA256:b'] },
    { account: 'dave', except: [] },
  ],
  notes: [],
  digest: 'dd',
}
const order = {
  id: 'id',
  who: 'me@here\nstate=confirmed',
  confirmWithin: 600,
  until: 'prove',
  now: 1,
  notAfter: 2,
  tool: 't',
  accept: ['eve'],
} as const

describe('the data of a change', () => {
  it('is lines of fields, and the new texts as files', () => {
    expect(changeData(change, order)).to.deep.include({
      'content/etc/pam.d/sshd': 'new\n',
      files: '/etc/pam.d/sshd|update|0644|root|root|aa|bb\n/etc/old|remove|0644|root|root|cc|absent\n',
      packages: 'libpam-google-authenticator|pam_google_authenticator.so\n',
      reads: 'file|/etc/pam.d/sshd|aa\n',
      cases: 'one|prove|@probe|fresh|wrong|refused|1\n',
      expect: 'ann,root|usepam|yes|any\nann|maxsessions|10|\nroot|maxsessions|10|any\n',
      accept: 'eve\nci\ndan|SHA256:c\ndan|SHA256:d\n',
      spared: 'carol|SHA256:a,SHA256:b\ndave|\n',
    })
  })

  it('lets no value begin a line of its own in the manifest', () => {
    expect(
      changeData(change, order)
        .manifest?.split('\n')
        .filter((line) => line.startsWith('state=')),
    ).to.deep.equal([])
    expect(orderData({ who: 'a\nchange=other' }).manifest).to.equal(
      'change=\nwho=a change=other\ndeadline=0\nconfirmed_too=no\n',
    )
  })

  it('throws for a field with a separator in it', () => {
    const bad = { ...change, expectations: [{ account: 'a|b', keyword: 'usepam', value: 'yes' }] }
    expect(() => changeData(bad, order)).to.throw(TypeError)
  })
})
