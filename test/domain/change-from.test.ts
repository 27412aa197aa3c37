import { expect } from 'chai'
import { changeFrom } from '../../src/domain/change-from.js'
import { isNoop, type DesiredFile, type Draft } from '../../src/domain/change.js'
import { digestText } from '../../src/domain/digest.js'
import { file, stockFacts } from '../features/facts.js'

const path = '/etc/pam.d/sshd'
const present = file(path, 'a\nb\n', { mode: '0640', group: 'adm' })

function draft(...files: Partial<DesiredFile>[]): Draft {
  return {
    feature: 'mfa',
    summary: 's',
    method: 'totp',
    factor: '%h/.x',
    accounts: [],
    packages: [{ name: 'p', module: 'pam_x.so' }],
    reads: [],
    logins: [],
    expectations: [],
    lockouts: [],
    keyOnly: [],
    access: [],
    notes: [],
    files: files.map((more) => ({
      path,
      content: 'a\nc\n',
      mode: '0644',
      owner: 'root',
      group: 'root',
      reason: 'r',
      ...more,
    })),
  }
}

describe('a change', () => {
  const facts = stockFacts('debian-12', { files: [present], pamModules: [] })

  it('keeps mode and owner of a file that is there, and shows a diff without dates', () => {
    const [edit] = changeFrom(draft({}), facts).files
    expect(edit).to.include({
      action: 'update',
      mode: '0640',
      group: 'adm',
      before: present.digest,
      after: digestText('a\nc\n'),
    })
    expect(edit?.diff).to.equal(`--- a${path}\n+++ b${path}\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n`)
  })

  it('creates with the mode that is wanted, and removes', () => {
    const { files } = changeFrom(draft({ path: '/etc/new' }, { content: null }), facts)
    expect(files.map(({ action, mode, after }) => [action, mode, after])).to.deep.equal([
      ['create', '0644', digestText('a\nc\n')],
      ['remove', '0640', 'absent'],
    ])
    expect(files[0]?.diff).to.match(/^--- \/dev\/null\n\+\+\+ b\/etc\/new\n/)
    expect(files[1]).not.to.have.property('content')
  })

  it('is empty where everything is there already (G8)', () => {
    const change = changeFrom(draft({ content: 'a\nb\n' }, { path: '/etc/gone', content: null }), {
      ...facts,
      pamModules: ['pam_x.so'],
    })
    expect(isNoop(change)).to.equal(true)
  })

  it('names a package whose module is not there', () => {
    expect(changeFrom(draft(), facts).packages).to.deep.equal([{ name: 'p', module: 'pam_x.so' }])
  })

  it('shows no text that was not read (G6)', () => {
    const { content: _secret, ...unread } = present
    expect(changeFrom(draft({}), { ...facts, files: [unread] }).files[0]?.diff).to.contain('by digest only')
  })

  it('has the same digest on hosts that are alike, and another one elsewhere', () => {
    const one = changeFrom(draft({}), facts)
    expect(changeFrom(draft({}), { ...facts, digest: 'other' }).digest).to.equal(one.digest)
    expect(changeFrom(draft({ reason: 'other' }), facts).digest).not.to.equal(one.digest)
  })
})
