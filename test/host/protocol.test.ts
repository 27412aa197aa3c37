import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { parseAnswer } from '../../src/host/answer.js'
import { root } from '../source-config.js'

const text = (path: string): string => readFileSync(join(root, path), 'utf8')
const words = (found: string | undefined): string[] => (found ?? '').match(/[a-z-]+/g) ?? []

describe('docs/on-host-protocol.md', () => {
  const page = text('docs/on-host-protocol.md')
  /** What it has in backquotes, of one sentence. */
  const quoted = (sentence: RegExp): string[] =>
    [...(sentence.exec(page)?.[0] ?? '').matchAll(/`([a-z -]+)`/g)].flatMap(([, list]) => words(list))

  it('names every outcome that an answer may have, and no other', () => {
    const named = new Set(quoted(/`outcome` is one of [^[]*/))
    named.delete('outcome')
    for (const outcome of named)
      expect(parseAnswer(`bastionctl=1\noutcome=${outcome}\n`), outcome).not.to.equal(undefined)
    const [, more] = /const spoken = \[\s*\.\.\.outcomes,(.*?)\]/s.exec(text('src/host/answer.ts')) ?? []
    const [, common] = /outcomes = \[(.*?)\] as const/s.exec(text('src/domain/outcome.ts')) ?? []
    const known = [...`${more ?? ''}${common ?? ''}`.matchAll(/'([a-z-]+)'/g)].map(([, outcome]) => outcome)
    expect([...named]).to.have.members(known)
  })

  it('names the outcomes with which the program exits 0', () => {
    const [, list] = /^ {2}([a-z |-]+)\) exit 0 ;;$/m.exec(text('templates/host/lib/answer.sh')) ?? []
    // These two end by themselves.
    const others = { verified: 'verify.sh', facts: 'inspect.sh' }
    for (const [outcome, program] of Object.entries(others))
      expect(text(`templates/host/${program}`))
        .to.contain(`outcome=${outcome}`)
        .and.match(/^exit 0\n$/m)
    expect(quoted(/Exit code of the program: 0 for [^,]*/)).to.have.members([...words(list), ...Object.keys(others)])
  })

  it('counts the libraries that the guard takes along', () => {
    const [, list = ''] = /for _lib in ([a-z -]+); do/.exec(text('templates/host/lib/arm.sh')) ?? []
    const counts = 'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen'.split(' ')
    const [, always = ''] = /for lib in ([a-z -]+); do/.exec(text('templates/host/guard.sh')) ?? []
    const [most, least] = [list, always].map((names) => counts[names.split(' ').length] ?? '?')
    expect(page).to.include(
      `\`guard.sh\` and ${String(most)} libraries are copied for each change, ${String(least)} for one without people`,
    )
  })
})
