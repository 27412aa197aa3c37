import { expect } from 'chai'
import fc from 'fast-check'
import { formatDuration, formatGrace, parseDays, parseDuration, parseGrace } from '../../src/domain/duration.js'

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

  it('reads days', () => {
    expect(parseDays('90', '--max-key-age')).to.equal(90 * 86_400)
    expect(parseDays('1d', '--max-key-age')).to.equal(86_400)
    for (const text of ['', '0', '0d', '-1', '1.5', '90 d', '3m', '36501', 'd'])
      expect(() => parseDays(text, '--max-key-age'))
        .to.throw()
        .with.property('exit', 'usage')
  })

  it('reads a grace in days and hours', () => {
    expect(parseGrace('14d', '--grace')).to.equal(14 * 86_400)
    expect(parseGrace('36h', '--grace')).to.equal(36 * 3600)
    expect(parseGrace('1d12h', '--grace')).to.equal(36 * 3600)
    expect(formatGrace(36 * 3600)).to.equal('1d12h')
    expect(formatGrace(14 * 86_400)).to.equal('14d')
    for (const text of ['', '14', 'd', '0d', '0h', '30m', '-1d', '1.5d', '14 d', '12h1d', '366d', '8761h', '99999d'])
      expect(() => parseGrace(text, '--grace'), text)
        .to.throw()
        .with.property('exit', 'usage')
  })

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
