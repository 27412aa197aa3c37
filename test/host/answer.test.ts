import { expect } from 'chai'
import { parseAnswer } from '../../src/host/answer.js'

const proven = [
  'bastionctl=1',
  'outcome=proven',
  'reason=',
  'detail=',
  'now=1700000000',
  'deadline=1700000600',
  'step=rehearse|ok|800|',
  'step=prove|failed|20|no sshd answers at 127.0.0.1 port 22',
  'login=rehearse-admin-right|rehearse|admin|in|in|1|1|1',
  '',
].join('\n')

describe('the answer of a host', () => {
  it('gives the verdict, steps and logins', () => {
    const answer = parseAnswer(proven)
    expect(answer).to.include({ outcome: 'proven', now: 1_700_000_000 })
    expect(answer?.fields.deadline).to.equal('1700000600')
    expect(answer?.steps).to.deep.equal([
      { step: 'rehearse', result: 'ok', ms: 800 },
      { step: 'prove', result: 'failed', ms: 20, detail: 'no sshd answers at 127.0.0.1 port 22' },
    ])
    expect(answer?.logins).to.deep.equal([
      {
        id: 'rehearse-admin-right',
        phase: 'rehearse',
        account: 'admin',
        got: 'in',
        expect: 'in',
        keyAccepted: true,
        prompted: true,
        ok: true,
      },
    ])
  })

  it('keeps what stands behind the line of two dashes apart', () => {
    expect(parseAnswer(`${proven}--\nQUJD\n`)?.body).to.equal('QUJD')
    expect(parseAnswer(proven)).not.to.have.property('body')
  })

  it('is none when it is cut off in front, of another version, or something else', () => {
    expect(parseAnswer('')).to.equal(undefined)
    expect(parseAnswer('sh: 1: tar: not found\n')).to.equal(undefined)
    expect(parseAnswer(proven.replace('bastionctl=1', 'bastionctl=2'))).to.equal(undefined)
    expect(parseAnswer(proven.replace('outcome=proven', 'outcome=splendid'))).to.equal(undefined)
  })

  it('drops a step or login that was cut off, not the verdict', () => {
    const answer = parseAnswer(proven.slice(0, proven.indexOf('|in|in')))
    expect(answer).to.include({ outcome: 'proven' })
    expect(answer?.logins).to.deep.equal([])
  })
})
