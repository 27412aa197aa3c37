import { execFileSync } from 'node:child_process'
import { expect } from 'chai'
import { selectorFlags } from '../../src/domain/selector.js'
import { selectorFrom, type SelectorFlags } from '../../src/domain/selector-parse.js'
import { refusal } from '../fakes/refusal.js'

describe('selectorFrom', () => {
  const accepted: [SelectorFlags, object][] = [
    [{ tag: ['Role=bastion'] }, { tags: [{ key: 'Role', values: ['bastion'] }], instanceIds: [], exclude: [] }],
    [{ tag: ['Role=a,b,a'] }, { tags: [{ key: 'Role', values: ['a', 'b'] }] }],
    [
      { tag: ['Role=a', 'Env=prod'] },
      {
        tags: [
          { key: 'Role', values: ['a'] },
          { key: 'Env', values: ['prod'] },
        ],
      },
    ],
    [{ tag: ['Url=k=v'] }, { tags: [{ key: 'Url', values: ['k=v'] }] }],
    [{ tag: ['List=a\\,b,c'] }, { tags: [{ key: 'List', values: ['a,b', 'c'] }] }],
    [{ tag: ['Star=\\*,\\\\,c?'] }, { tags: [{ key: 'Star', values: ['\\*', '\\\\', 'c?'] }] }],
    [{ tag: ['team\\=a=b=c'] }, { tags: [{ key: 'team=a', values: ['b=c'] }] }],
    [
      { tag: ['a\\\\=b', 'a\\b=c'] },
      {
        tags: [
          { key: 'a\\', values: ['b'] },
          { key: 'a\\b', values: ['c'] },
        ],
      },
    ],
    [{ tag: [`${'😀'.repeat(128)}=v`] }, { tags: [{ key: '😀'.repeat(128), values: ['v'] }] }],
    [{ tag: [`k=${'\\*'.repeat(256)}`] }, { tags: [{ key: 'k', values: ['\\*'.repeat(256)] }] }],
    [{ tag: ['Any=*'] }, { tags: [{ key: 'Any', values: ['*'] }] }],
    [
      { instanceId: ['i-0123456789abcdef0', 'mi-0123456789abcdef0'] },
      { tags: [], instanceIds: ['i-0123456789abcdef0', 'mi-0123456789abcdef0'] },
    ],
    [
      { instanceId: ['i-12345678', 'i-12345678'], exclude: ['web', 'web'] },
      { instanceIds: ['i-12345678'], exclude: ['web'] },
    ],
  ]
  for (const [flags, selector] of accepted) {
    it(`reads ${JSON.stringify(flags)}`, () => {
      expect(selectorFrom(flags)).to.deep.include(selector)
    })
  }

  const refused: [SelectorFlags, RegExp][] = [
    [{}, /no host is selected/],
    [{ exclude: ['web'] }, /no host is selected/],
    [{ tag: ['Role'] }, /--tag "Role" has no "="/],
    [{ tag: ['Role\\=a'] }, /has no "="/],
    [{ tag: ['a\\=b=c', 'a\\=b=d'] }, /"a=b" is given twice/],
    [{ tag: ['=bastion'] }, /has no key/],
    [{ tag: ['Role='] }, /has an empty value/],
    [{ tag: ['Role=a,,b'] }, /has an empty value/],
    [{ tag: ['Role=a', 'Role=b'] }, /"Role" is given twice/],
    [{ tag: [`${'k'.repeat(129)}=v`] }, /at most 128/],
    [{ tag: [`k=${'v'.repeat(257)}`] }, /at most 256/],
    [{ tag: [`k=${Array.from({ length: 51 }, (_, n) => String(n)).join(',')}`] }, /51 values/],
    [{ instanceId: ['bastion-1'] }, /"bastion-1" is not an instance id/],
    [{ instanceId: ['--all'] }, /"--all" is not an instance id/],
    [{ instanceId: ['i-12345678'], exclude: [''] }, /--exclude is empty/],
  ]
  for (const [flags, message] of refused) {
    it(`refuses ${JSON.stringify(flags).slice(0, 60)}`, async () => {
      const error = await refusal(() => selectorFrom(flags))
      expect(error.exit).to.equal('usage')
      expect(error.message).to.match(message)
    })
  }
})

describe('the flags of a selector', () => {
  /** As a shell takes the words of a command line. */
  const words = (line: string): string[] =>
    execFileSync('sh', ['-c', `for word in ${line}; do printf '%s\\0' "$word"; done`], { encoding: 'utf8' })
      .split('\0')
      .slice(0, -1)

  it('are as short as can be', () => {
    const selector = selectorFrom({ tag: ['Role=bastion,jump'], instanceId: ['i-12345678'], exclude: ['web 1'] })
    expect(selectorFlags(selector)).to.equal("--tag Role=bastion,jump --instance-id i-12345678 --exclude 'web 1'")
  })

  it('give the same selector again, whatever its tags have in them', () => {
    const odd = ['a\\=b=c=d', 'List=a\\,b,c', 'Star=\\*,\\\\,c?', 'It\'s=$(id) `id` "x"', 'e\\\\=v', 'Any=*']
    const selector = selectorFrom({ tag: odd, exclude: ["o'neill", 'x'] })
    const all = words(selectorFlags(selector))
    const of = (flag: string): string[] => all.filter((_, at) => all[at - 1] === flag)
    expect(selectorFrom({ tag: of('--tag'), exclude: of('--exclude') })).to.deep.equal(selector)
  })
})
