import { expect } from 'chai'

import { scriptedExecutor } from '../../lab/aws/index.js'
import { listed, sent, stderrShown } from '../../lab/aws/output.js'
import { closeAll, invocation, invocations, over, send, start } from './world.js'

const bytes = (length: number, letter = 'o'): Buffer => Buffer.from(letter.repeat(length))

describe('output', () => {
  afterEach(closeAll)

  it('leaves the host up to 23,999 bytes; longer ones are cut to 24,000 with a mark', () => {
    expect(sent(bytes(23_999))).to.equal('o'.repeat(23_999))
    expect(sent(bytes(24_000))).to.equal(`${'o'.repeat(23_980)}--output truncated--`)
    expect(sent(bytes(99_999))).to.have.lengthOf(24_000)
  })
  it('is cut by bytes: half a character becomes U+FFFD', () => {
    expect(sent(Buffer.from(`${'o'.repeat(23_979)}€€€€€€€€`))).to.equal(
      `${'o'.repeat(23_979)}\uFFFD--output truncated--`,
    )
  })
  it('shows the first 8,000 of stderr in GetCommandInvocation', () => {
    expect(stderrShown('e'.repeat(9000))).to.equal('e'.repeat(8000))
  })
  it('fits into 2,500 in a listing, stderr under a title', () => {
    expect(listed(Buffer.from('out'), Buffer.from(''))).to.equal('out')
    expect(listed(Buffer.from('out\n'), Buffer.from('err'))).to.equal('out\n\n----------ERROR-------\nerr')
    expect(listed(bytes(2499), bytes(0))).to.have.lengthOf(2499)
    expect(listed(bytes(2500), bytes(0)))
      .to.match(/^o+\n---Output truncated---$/)
      .and.have.lengthOf(2500)
  })
  it('cuts the long one, or both halves', () => {
    expect(listed(bytes(9000), bytes(10, 'e')))
      .to.match(/^o+\n---Output truncated---\n----------ERROR-------\ne{10}$/)
      .and.have.lengthOf(2500)
    expect(listed(bytes(10), bytes(9000, 'e')))
      .to.match(/^o{10}\n----------ERROR-------\ne+\n---Error truncated----$/)
      .and.have.lengthOf(2500)
    expect(listed(bytes(9000), bytes(9000, 'e'))).to.match(
      /^o+\n---Output truncated---\n----------ERROR-------\ne+\n---Error truncated----$/,
    )
  })

  it('arrives so through the API', async () => {
    const world = await start(
      undefined,
      scriptedExecutor(() => ({ stdout: 'o'.repeat(30_000), stderr: 'e'.repeat(9000), code: 1 })),
    )
    const id = await send(world, 'true')
    await over(world, id)
    const found = await invocation(world, id)
    expect(found.StandardOutputContent).to.have.lengthOf(24_000)
    expect(found.StandardErrorContent).to.have.lengthOf(8000)
    const [plugin] = (await invocations(world, id))[0]?.CommandPlugins ?? []
    expect(plugin).to.include({ Name: 'aws:runShellScript', ResponseCode: 1, Status: 'Failed' })
    expect(plugin?.Output?.length).to.be.within(2490, 2500)
  })
})
