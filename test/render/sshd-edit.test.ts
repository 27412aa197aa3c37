import { expect } from 'chai'
import fc from 'fast-check'
import { readSshdFile, winner } from '../../src/render/sshd-config.js'
import { applySshdBlocks, revertSshdBlocks, type SshdBlocks } from '../../src/render/sshd-edit.js'

const blocks: SshdBlocks = {
  path: '/etc/ssh/sshd_config',
  feature: 'mfa',
  top: ['UsePAM yes', 'AuthenticationMethods publickey,keyboard-interactive:pam'],
  end: ['Match Group robots', '    AuthenticationMethods publickey'],
}
const read = (text: string) => readSshdFile(text, blocks.path)
const aLine = fc.oneof(
  fc.constantFrom(
    '',
    '# c',
    'UsePAM no',
    'Port 22',
    'Match User a',
    '  Banner none',
    'AuthenticationMethods any',
    'Subsystem sftp /x',
  ),
  fc.stringMatching(/^[ab \t#="-]*$/),
)
const aFile = fc
  .tuple(fc.array(aLine), fc.boolean())
  .map(([lines, newline]) => lines.join('\n') + (newline ? '\n' : ''))

describe('marked blocks in sshd_config', () => {
  it('stand before everything and behind everything', () => {
    expect(applySshdBlocks('Port 22\nMatch User a\nBanner none\n', blocks)).to.equal(
      [
        '# BEGIN bastionctl mfa (managed: bastionctl takes these lines out again)',
        ...blocks.top,
        '# END bastionctl mfa',
        'Port 22',
        'Match User a',
        'Banner none',
        '# BEGIN bastionctl mfa match (managed: bastionctl takes these lines out again)',
        ...blocks.end,
        'Match all',
        '# END bastionctl mfa match',
        '',
      ].join('\n'),
    )
  })

  it('in and out again is the file byte for byte, with or without a newline at its end', () => {
    fc.assert(
      fc.property(aFile, (text) => {
        expect(revertSshdBlocks(applySshdBlocks(text, blocks), blocks)).to.equal(text)
        expect(revertSshdBlocks(applySshdBlocks(text, { ...blocks, end: [] }), blocks)).to.equal(text)
      }),
      { numRuns: 500 },
    )
  })

  it('in twice is in once', () => {
    fc.assert(
      fc.property(aFile, (text) => {
        const once = applySshdBlocks(text, blocks)
        expect(applySshdBlocks(once, blocks)).to.equal(once)
      }),
    )
  })

  it('lockout 3: their value wins, and every line of others keeps its own section', () => {
    fc.assert(
      fc.property(aFile, (text) => {
        const made = read(applySshdBlocks(text, blocks))
        expect(winner(made, ['usepam'])?.args).to.deep.equal(['yes'])
        const others = made.slice(blocks.top.length, -1).map(({ keyword, args, match }) => ({ keyword, args, match }))
        expect(others).to.deep.equal(read(text).map(({ keyword, args, match }) => ({ keyword, args, match })))
      }),
    )
  })

  it('lockout 5: what others append later holds for everybody', () => {
    const appended = `${applySshdBlocks('Port 22\n', blocks)}PasswordAuthentication no\n`
    expect(read(appended).at(-1)?.match).to.deep.equal(['all'])
    expect(revertSshdBlocks(appended, blocks)).to.equal('Port 22\nPasswordAuthentication no\n')
  })

  it('are refused where the marks do not pair', () => {
    const made = applySshdBlocks('Port 22\n', blocks)
    expect(() => revertSshdBlocks(made.replace('# END bastionctl mfa\n', ''), blocks))
      .to.throw('/etc/ssh/sshd_config:1 has a mark')
      .with.property('exit', 'refused')
  })
})
