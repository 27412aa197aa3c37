import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { parseAnswer } from '../../src/host/answer.js'
import { programsAside } from '../support/host-aside.js'
import { scratchFolder } from '../support/scratch-folder.js'

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

describe('the answer that a program gives', () => {
  const folder = scratchFolder('answer')

  /** As it is printed, without the time, and how the program exits. */
  function given(outcome: string, detail = ''): readonly [lines: readonly string[], status: number | null] {
    const script = `for lib in env state answer; do . "$0$lib.sh"; done
      RUN=$1; extra change "$2"; answer ${outcome} why "$2"; echo goes on`
    const { stdout, status } = spawnSync('sh', ['-c', script, programsAside(folder()), folder(), detail], {
      encoding: 'utf8',
    })
    return [stdout.split('\n').filter((line) => line !== '' && !line.startsWith('now=')), status]
  }

  it('fails for Run Command too where nothing was carried out, and ends the program', () => {
    for (const [outcome, status] of [
      ['proven', 0],
      ['confirmed', 0],
      ['refused', 1],
      ['stuck', 1],
      ['rolled-back', 1],
    ] as const) {
      const lines = ['bastionctl=1', `outcome=${outcome}`, 'reason=why', 'detail=', 'change=']
      expect(given(outcome), outcome).to.deep.equal([lines, status])
      rmSync(path.join(folder(), 'extra'))
    }
  })

  it('has a line for each field, whatever somebody else has written into it', () => {
    const [lines] = given('refused', 'a\noutcome=proven\r\n|b')
    expect(lines.slice(1)).to.deep.equal([
      'outcome=refused',
      'reason=why',
      'detail=a outcome=proven  /b',
      'change=a outcome=proven  /b',
    ])
  })
})
