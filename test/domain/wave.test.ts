import { expect } from 'chai'
import fc from 'fast-check'
import { wavesOf } from '../../src/domain/wave.js'

const ids = (count: number): string[] => Array.from({ length: count }, (_, at) => `i-${String(at)}`)

describe('waves', () => {
  it('begin with one host and grow, up to what AWS takes at once', () => {
    expect(wavesOf(ids(200)).map(({ length }) => length)).to.deep.equal([1, 5, 25, 50, 50, 50, 19])
    expect(wavesOf([])).to.deep.equal([])
  })

  it('begin with those that others are reached through, each alone, the outermost first (lockout 56)', () => {
    const behind = new Map([
      ['web-1', ['outer', 'inner']],
      ['web-2', ['outer', 'inner']],
      ['inner', ['outer']],
    ])
    expect(wavesOf(['inner', 'outer', 'web-1', 'web-2'], behind)).to.deep.equal([
      ['outer'],
      ['inner'],
      ['web-1', 'web-2'],
    ])
  })

  it('leave out who is in front and has nothing to change', () => {
    expect(wavesOf(['web-1', 'web-2'], new Map([['web-1', ['gate']]]))).to.deep.equal([['web-1'], ['web-2']])
  })

  it('name every host once, nobody before those in front of it', () => {
    const fleets = fc.integer({ min: 1, max: 12 }).chain((count) =>
      fc.record({
        count: fc.constant(count),
        // In front of each host: some of those with a smaller number, as ssh's way to it would have them.
        parents: fc.array(fc.integer({ min: -4, max: count - 1 }), { minLength: count, maxLength: count }),
      }),
    )
    fc.assert(
      fc.property(fleets, ({ count, parents }) => {
        const ancestors = (at: number): number[] => {
          const parent = parents[at] ?? -1
          return parent < 0 || parent >= at ? [] : [parent, ...ancestors(parent)]
        }
        const behind = new Map(
          ids(count).map((id, at) => [id, ancestors(at).map((parent) => `i-${String(parent)}`)] as const),
        )
        const waves = wavesOf(ids(count).reverse(), behind)
        const order = waves.flat()
        expect([...order].sort()).to.deep.equal(ids(count).sort())
        for (const [id, through] of behind)
          for (const gate of through) {
            const wave = (host: string): number => waves.findIndex((each) => each.includes(host))
            expect(wave(gate)).to.be.below(wave(id))
            expect(waves[wave(gate)]).to.deep.equal([gate])
          }
      }),
    )
  })
})
