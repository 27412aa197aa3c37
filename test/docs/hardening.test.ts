import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { parseConfig } from '../../src/cli/config-file.js'
import { exceptions, judged, type Exception } from '../lab/judges/exceptions.js'
import { root } from '../source-config.js'

const allowed = (one: Exception): string =>
  one.judge === 'ssh-audit'
    ? `${one.kind}, ${one.severity}: ${one.says}`
    : Object.entries(one.allows)
        .map((pair) => pair.join(' '))
        .join('; ')

describe('docs/hardening.md', () => {
  const text = readFileSync(join(root, 'docs/hardening.md'), 'utf8')

  it('names every exception for an outside judge, and no other', () => {
    const rows = exceptions.map((one) => {
      const { judge, finding, at, on, why } = one
      return `| ${judge} | ${finding} | ${allowed(one)} | ${at.join(', ')} | ${on?.join(', ') ?? judged.join(', ')} | ${why} |`
    })
    const table = ['| judge | finding | allowed | at | on | why |', '|---|---|---|---|---|---|', ...rows].join('\n')
    const [, shown = ''] = /<!-- exceptions: .*? -->\n(.*)<!-- end of exceptions -->/s.exec(text) ?? []
    expect(shown.trim()).to.equal(table)
  })

  it('shows a bastionctl.yml that is taken', () => {
    const [, example = ''] = /```yaml\n(.*?)```/s.exec(text) ?? []
    expect(parseConfig(example, 'bastionctl.yml').config.harden).to.include({ level: 'strict', forwarding: 'jump' })
  })
})
