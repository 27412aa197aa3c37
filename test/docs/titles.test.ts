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

/** What a node gives tests for their titles: a call's first argument, a `title:` or `what:`, or what a table's cases begin with. */
function titleIn(node: ts.Node): ts.Node | undefined {
  if (
    ts.isCallExpression(node) &&
    /^(?:it|describe|everywhere|onOne|withCertificate)\b/.test(node.expression.getText())
  )
    return node.arguments[0]
  if (ts.isPropertyAssignment(node) && /^(?:title|what)$/.test(node.name.getText())) return node.initializer
  if (ts.isPropertyAssignment(node) && /^Object\.entries\(/.test(node.parent.parent.getText())) return node.name
  if (ts.isArrayLiteralExpression(node) && ts.isArrayLiteralExpression(node.parent)) return node.elements[0]
  return undefined
}

/** The titles in a test file; what is put together at run time stands for anything. */
function titlesIn(file: string, text = readFileSync(join(root, file), 'utf8')): string[][] {
  const found: string[][] = []
  const take = (node: ts.Node): void => {
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) found.push([tidy(node.text)])
    else if (ts.isTemplateExpression(node))
      found.push([node.head.text, ...node.templateSpans.map(({ literal }) => tidy(literal.text))])
    else ts.forEachChild(node, take)
  }
  const visit = (node: ts.Node): void => {
    const title = titleIn(node)
    if (title !== undefined) take(title)
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true))
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
    files.filter((file) => file === name || basename(file) === name).map((file) => titlesIn(file)),
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

  it('are titles, and no other texts of a test', () => {
    const text = `
      // it('a comment')
      describe('a suite', () => {
        const cases = [{ title: 'of a case', breaks: 'a script' }]
        for (const [what, says] of [['a row', 'its answer']]) it(\`refuses \${what}\`, () => expect('a text').to.equal('another'))
        for (const [name] of Object.entries({ 'a key': 'its value' })) it(name, () => undefined)
        everywhere('on each host', (host) => must(host, 'a command'))
      })`
    expect(titlesIn('a.test.ts', text)).to.deep.equal([
      ['a suite'],
      ['of a case'],
      ['a row'],
      ['refuses ', ''],
      ['a key'],
      ['on each host'],
    ])
  })
})
