import { expect } from 'chai'
import type { Context } from '../../src/cli/context.js'
import { decideOnTerminal } from '../../src/cli/decide.js'
import { plan, result } from '../support/samples.js'

describe('the question whether to keep a change', () => {
  it('goes on counting down to the time it had where an extension finds nothing pending', async () => {
    const context = { tell: () => undefined, signal: new AbortController().signal } as unknown as Context
    const shown: number[] = []
    const decide = decideOnTerminal(context, plan, undefined, ({ deadline }) => {
      shown.push(deadline)
      return Promise.resolve(shown.length === 1 ? 'extend' : 'later')
    })
    const extend = (): Promise<number> => Promise.resolve(Infinity)
    const question = { why: 'canary', pending: [result('pending')], deadline: 4e9, remaining: 0, extend } as const
    expect(await decide(question)).to.equal('later')
    expect(shown).to.deep.equal([4e9, 4e9])
  })
})
