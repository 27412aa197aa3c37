import { expect } from 'chai'
import fc from 'fast-check'
import { formatDuration, parseDuration } from '../../src/domain/duration.js'

describe('durations', () => {
  for (const [text, seconds] of [
    ['90s', 90],
    ['10m', 600],
    ['1h30m', 5400],
    ['24h', 86_400],
    ['30s', 30],
  ] as const) {
    it(`reads ${text}`, () => {
      expect(parseDuration(text)).to.equal(seconds)
    })
  }

  for (const text of ['', '10', 'm', '10 m', '1.5h', '-10m', '10mm', 'soon', '29s', '25h', '9999999h']) {
    it(`refuses "${text}"`, () => {
      expect(() => parseDuration(text))
        .to.throw()
        .with.property('exit', 'usage')
    })
  }

  it('reads back what it writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 30, max: 86_400 }), (seconds) => {
        expect(parseDuration(formatDuration(seconds))).to.equal(seconds)
      }),
    )
  })

  it('counts no time below zero', () => {
    expect(formatDuration(-5)).to.equal('0s')
  })
})
