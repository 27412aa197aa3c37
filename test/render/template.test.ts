import { expect } from 'chai'
import { renderText } from '../../src/render/template.js'
import { tree } from '../features/facts.js'

describe('templates', () => {
  it('fill in text, numbers, lists', () => {
    expect(
      renderText('<% for (const x of it.list) { -%>\n<%= x %> <%= it.n %>\n<% } -%>\n', { list: ['a', 'b'], n: 3 }),
    ).to.equal('a 3\nb 3\n')
  })

  it('throw for a key that is not there, in nested data too', () => {
    expect(() => renderText('<%= it.nmae %>', { name: 'x' })).to.throw('unknown key in a template: "nmae"')
    expect(() => renderText('<% if (it.nmae) { %>x<% } %>', { name: 'x' })).to.throw('unknown key')
    expect(() => renderText('<%= it.a.c %>', { a: { b: 1 } })).to.throw('unknown key in a template: "c"')
    expect(() => renderText('<% for (const x of it.l) { %><%= x.c %><% } %>', { l: [{ b: 1 }] })).to.throw(
      'unknown key',
    )
  })

  for (const [what, value] of [
    ['a line feed', 'a\nPermitRootLogin yes'],
    ['a carriage return', 'a\r'],
    ['NUL', '\0'],
    ['an escape', '\u001b[2J'],
    ['a line separator', '\u2028'],
    ['a byte-order mark', '\uFEFFa'],
    ['DEL', '\u007f'],
  ] as const) {
    it(`throw for a value with ${what}, and repair nothing`, () => {
      expect(() => renderText('<%= it.v %>', { v: value })).to.throw('control character')
    })
  }

  it('throw for a list or an object in the place of a text', () => {
    expect(() => renderText('<%= it.v %>', { v: ['a'] })).to.throw('a template value is of type object')
  })

  it('lockout 6: come out without CR or byte-order mark, ending in one newline', () => {
    expect(renderText('\uFEFFa\r\nb\r\n\r\n', {})).to.equal('a\nb\n')
    expect(renderText('a', {})).to.equal('a\n')
  })

  it('leave text that only looks special as it is', () => {
    expect(renderText('<%= it.v %>', { v: '/x/${USER} "&<>\'' })).to.equal('/x/${USER} "&<>\'\n')
  })

  const files = ['etc', 'usr', 'partials'].flatMap((folder) =>
    tree(new URL(`../../templates/${folder}/`, import.meta.url)),
  )
  for (const [path, whole] of files) {
    it(`${path}: interpolates through the escape only, decides nothing, has plain line ends`, () => {
      // What is included has gone through the escape itself.
      const text = whole.replaceAll(/<%~ include\('[\w.-]+'(?:, \{ \.\.\.it(?:, \w+: '[^']*')* \})?\) -%>/g, '')
      expect(text).not.to.match(/<%~/)
      expect(text).not.to.match(/\r/)
      for (const [, code = ''] of text.matchAll(/<%[-_]?(?!=)([^%]*)[-_]?%>/g)) {
        expect(code.replace(/[-_]$/, '').trim()).to.match(
          /^(?:for \(const \w+ of it(?:\.\w+)+\) \{|if \([^&|?]+\) \{|\})$/,
        )
      }
    })
  }
})
