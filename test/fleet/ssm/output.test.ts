import { expect } from 'chai'

import { listed, sent } from '../../../lab/aws/output.js'
import { fromContents, fromListing } from '../../../src/fleet/ssm/output.js'

const listing = (stdout: string, stderr = ''): string => listed(Buffer.from(stdout), Buffer.from(stderr))

describe('outputs as the agent cuts them', () => {
  it('takes both streams apart', () => {
    expect(fromListing(listing('out\n', 'err'))).to.deep.equal({ stdout: 'out\n', stderr: 'err', complete: true })
    expect(fromListing(listing('', 'err'))).to.deep.equal({ stdout: '', stderr: 'err', complete: true })
    expect(fromListing('')).to.deep.equal({ stdout: '', stderr: '', complete: true })
  })

  it('knows a cut stdout', () => {
    const streams = fromListing(listing('x'.repeat(5_000)))
    expect(streams.complete).to.equal(false)
    expect(streams.stdout).to.match(/^x+$/)
  })

  it('knows that a long stderr leaves stdout less room', () => {
    const streams = fromListing(listing('x'.repeat(5_000), 'y'.repeat(5_000)))
    expect(streams.complete).to.equal(false)
    expect(streams.stdout).to.match(/^x{1200,1240}$/)
    expect(streams.stderr).to.match(/^y+$/)
  })

  it('leaves a short stdout whole when only stderr is cut', () => {
    const streams = fromListing(listing('x'.repeat(100), 'y'.repeat(5_000)))
    expect(streams).to.include({ complete: true, stdout: 'x'.repeat(100) })
  })

  it('leaves out what the agent adds to stderr, and nothing else of it', () => {
    const told = [
      'failed to run commands: exit status 7',
      'failed to run commands: signal: killed',
      'failed to run commands: exit status 169\nStep exited with code 169. Therefore, marking step as Failed. Further document steps will be skipped.',
    ]
    for (const words of told) {
      expect(fromListing(listing('out', `err${words}`)).stderr, words).to.equal('err')
      expect(fromContents('out', `err\n${words}`).stderr, words).to.equal('err\n')
    }
    const unable = 'failed to run commands: fork/exec /usr/bin/sh: no such file or directory'
    expect(fromListing(listing('', unable)).stderr).to.equal(unable)
  })

  it('does not trust a listing that is full to the brim', () => {
    expect(fromListing('x'.repeat(2_500)).complete).to.equal(false)
  })

  it('takes the last title where stdout holds one too', () => {
    const stdout = 'a\n----------ERROR-------\nb'
    expect(fromListing(listing(stdout, 'c'))).to.include({ stdout, stderr: 'c' })
  })

  it('knows a long output that is cut', () => {
    expect(fromContents(sent(Buffer.from('x'.repeat(30_000))), '')).to.deep.equal({
      stdout: 'x'.repeat(23_980),
      stderr: '',
      complete: false,
    })
    expect(fromContents(sent(Buffer.from('x'.repeat(23_999))), 'e')).to.deep.equal({
      stdout: 'x'.repeat(23_999),
      stderr: 'e',
      complete: true,
    })
  })
})
