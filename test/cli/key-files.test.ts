import { PassThrough } from 'node:stream'
import { expect } from 'chai'
import { keyLines } from '../../src/cli/key-files.js'
import { refusal } from '../fakes/refusal.js'
import { blob } from '../features/users/support.js'

describe('keys from standard input', () => {
  /** Does this with another standard input. */
  async function withInput<T>(isTTY: boolean, act: () => Promise<T>): Promise<T> {
    const own = Object.getOwnPropertyDescriptor(process, 'stdin')
    const input = Object.assign(new PassThrough(), { isTTY })
    input.end(`ssh-ed25519 ${blob} ada\n`)
    Object.defineProperty(process, 'stdin', { ...own, get: () => input })
    try {
      return await act()
    } finally {
      if (own !== undefined) Object.defineProperty(process, 'stdin', own)
    }
  }

  it('are read from a pipe', async () => {
    expect(await withInput(false, () => keyLines(['-']))).to.deep.equal([`ssh-ed25519 ${blob} ada`])
  })

  it('are not read from a terminal, where the end of them would be the end of all answers', async () => {
    const { exit, message, hint } = await withInput(true, () => refusal(() => keyLines(['-'])))
    expect([exit, message]).to.deep.equal(['usage', 'standard input is a terminal'])
    expect(hint).to.equal('give a .pub file, or pipe the key in')
  })
})
