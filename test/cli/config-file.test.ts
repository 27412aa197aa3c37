/** bastionctl.yml: what it may hold, and where a mistake is. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { parseConfig, readConfig } from '../../src/cli/config-file.js'
import { refusal } from '../fakes/refusal.js'

describe('bastionctl.yml', () => {
  it('holds the values of harden', () => {
    expect(parseConfig('harden:\n  level: strict\n  allow-group: [a, b]\n', 'x.yml').config).to.deep.equal({
      harden: { level: 'strict', 'allow-group': ['a', 'b'] },
    })
    expect(parseConfig('', 'x.yml').config).to.deep.equal({})
  })

  for (const [what, text, says] of [
    ['a level that is none', 'harden:\n  level: paranoid\n', /^x\.yml:2:10: harden\.level: invalid option/],
    ['a key that is none', 'harden:\n  levle: strict\n', /^x\.yml:2:3: harden: unknown key "levle"/],
    ['a list that is none', 'harden:\n  leave: X11Forwarding\n', /^x\.yml:2:10: harden\.leave: .*expected array/],
    [
      'a time that is none',
      'harden:\n  idle-timeout: Soon\n',
      /^x\.yml:2:17: .*idle-timeout: "Soon" is not a dur.*90s/,
    ],
    ['a time too short', 'harden: {idle-timeout: 5s}\n', /^x\.yml:1:24: .* "5s" is out of range: .*30s and 24h/],
    ['a keyword of no level', 'harden:\n  leave: [X11Forwarding, Port]\n', /^x\.yml:2:26: .*no level sets "Port"/],
    ['YAML that is none', 'harden:\n  level: [strict\n', /^x\.yml:\d+:\d+: /],
    ['a key twice', 'harden: {}\nharden: {}\n', /^x\.yml:2:1: .*unique/],
    ['an alias that leads nowhere', 'harden:\n  level: *x\n', /^x\.yml:2:10: the alias "\*x" has no anchor "&x"/],
    [
      'a wrong value behind an alias',
      'harden:\n  forwarding: &a none\n  level: *a\n',
      /^x\.yml:3:10: harden\.level: invalid option/,
    ],
    [
      'every unknown key',
      'hardne: {}\nharden:\n  levle: strict\n  leaf: []\n',
      /^x\.yml:1:1: unknown key "hardne"\nx\.yml:3:3: harden: unknown key "levle"\nx\.yml:4:3: harden: unknown key "leaf"$/,
    ],
    ['a key that is a list', 'harden:\n  level: strict\n  ? [a]\n  : 1\n', /^x\.yml:3:5: a key has to be a word$/],
    ['a key that is a list, by an alias', 'harden:\n  leave: &a []\n  *a : 1\n', /^x\.yml:3:3: a key has to be a/],
    ['a key that is not there', 'harden:\n  : strict\n', /^x\.yml:2:\d: a key has to be a word$/],
    [
      'several mistakes, as they come in the file,',
      'harden:\n  idle-timeout: 5s\n  leaf: []\n  level: paranoid\n',
      /^x\.yml:2:17: [^\n]*\nx\.yml:3:3: [^\n]*\nx\.yml:4:10: [^\n]*$/,
    ],
    ['a second document', 'harden: {}\n---\nharden: {}\n', /^x\.yml:2:1: another document begins here/],
    ['another top', '- harden\n', /^x\.yml:1:1: .*expected object/],
  ] as const) {
    it(`says line and column of ${what}`, async () => {
      const { exit, message } = await refusal(() => parseConfig(text, 'x.yml'))
      expect(exit).to.equal('usage')
      expect(message).to.match(says)
    })
  }

  it('finds a banner beside itself, and need not be there unless it is named', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'bastionctl-config-'))
    const file = path.join(folder, 'team.yml')
    writeFileSync(file, 'harden: {banner: banner.txt}\n')
    expect((await readConfig(file)).config.harden?.banner).to.equal(path.join(folder, 'banner.txt'))
    rmSync(folder, { recursive: true })
    expect(await readConfig(undefined)).to.deep.equal({ config: {} })
    expect((await refusal(() => readConfig(file))).exit).to.equal('usage')
  })
})
