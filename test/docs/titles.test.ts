import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect } from 'chai'
import ts from 'typescript'
import { root } from '../source-config.js'

const files = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => `test/${name}`)

/** Documents leave out which lock-out a test is of, at the end, and the colon of a suite. */
const tidy = (text: string): string => text.replace(/ \(lockouts? [\d, and]+\)$|:$/, '')

/** The texts in a test file, titles among them; what is put together at run time stands for anything. */
function textsIn(file: string): string[][] {
  const found: string[][] = []
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) found.push([tidy(node.text)])
    if (ts.isTemplateExpression(node))
      found.push([node.head.text, ...node.templateSpans.map(({ literal }) => tidy(literal.text))])
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.Latest))
  return found
}

const pattern = (fixed: readonly string[]): RegExp =>
  new RegExp(`^${fixed.map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('.*')}$`, 's')

/** Whether a title in a document, `…` for what it leaves out, is that of a test, or of one in a `describe`, parted by a colon. */
function isTitle(quoted: string, texts: readonly string[][]): boolean {
  const parts = quoted.split('…').map((part) => part.trim())
  const same = texts.some(
    (fixed) =>
      (fixed.length === 1 || fixed.join('').length > 8) &&
      (pattern(fixed).test(quoted) ||
        ((parts.length > 1 || fixed.length === 1) && pattern(parts).test(fixed.join('')))),
  )
  const [, suite, title] = /^(.+?): (.+)$/.exec(quoted) ?? []
  return same || (suite !== undefined && title !== undefined && isTitle(suite, texts) && isTitle(title, texts))
}

/** What is said not to be so, of a text that names tests by file and title; `short` are names that stand for files. */
function untrue(text: string, short: Readonly<Record<string, string>> = {}): string[] {
  const named = [...text.matchAll(/(?:test\/[a-z/-]+\/)?[a-z0-9-]+\.test\.ts|\b[A-Z]\b(?=[ ,;]|$)/g)]
    .map(([name]) => short[name] ?? name)
    .filter((name) => name.endsWith('.test.ts'))
  const texts = named.flatMap((name) =>
    files.filter((file) => file === name || basename(file) === name).map((file) => textsIn(file)),
  )
  return [
    ...named.filter((name) => !files.some((file) => file === name || basename(file) === name)),
    ...[...text.matchAll(/"([^"]+)"/g)].flatMap(([, quoted = '']) => (isTitle(quoted, texts.flat()) ? [] : [quoted])),
  ]
}

describe('tests that documents name', () => {
  const page = (name: string): string => readFileSync(join(root, 'docs', name), 'utf8')

  it('exist, with these titles, in docs/guarantees.md', () => {
    const lists = page('guarantees.md').split('**Shown by.**').slice(1)
    expect(lists.length).to.be.above(10)
    expect(lists.flatMap((list) => untrue(list.split(/\n\n|\n#/)[0] ?? ''))).to.deep.equal([])
  })

  it('exist, with these titles, in docs/lockouts.md', () => {
    const text = page('lockouts.md')
    const short = Object.fromEntries(
      [...text.matchAll(/([A-Z]) is `(test\/[^`]+)`/g)].map(([, letter = '', file = '']) => [letter, file]),
    )
    const cells = text.split('\n').flatMap((line) => /^\| \d+ \|.*\| ([^|]*) \|$/.exec(line)?.[1] ?? [])
    expect(cells).to.have.length(56)
    expect(cells.flatMap((cell) => untrue(cell, short))).to.deep.equal([])
  })

  it('would be missed', () => {
    expect(
      untrue('test/lab/none.test.ts; test/lab/proof.test.ts "a title that nobody has", "the PAM module vanishes"'),
    ).to.deep.equal(['test/lab/none.test.ts', 'a title that nobody has'])
  })
})
