import { expect } from 'chai'
import type * as z from 'zod'
import { parsePlan } from '../../src/domain/plan-file.js'
import type { planFile } from '../../src/domain/plan-schema.js'
import type { Plan, PlanBody } from '../../src/domain/plan.js'
import { formatPlan, withDigest, withRehearsed } from '../../src/domain/plan-digest.js'
import { plan } from '../support/samples.js'

/** Does not compile if the type has a field that the schema would refuse. */
export const everyFieldIsInTheSchema = (value: Plan): z.input<typeof planFile> => value

function bodyOf({ digest: _, ...body }: Plan): PlanBody {
  return body
}

function problem(text: string): { exit: string; message: string; hint: string } {
  try {
    parsePlan(text, 'p.json')
  } catch (error) {
    return error as ReturnType<typeof problem>
  }
  throw new Error('it was accepted')
}

describe('plan files', () => {
  it('read back as written', () => {
    expect(parsePlan(formatPlan(plan), 'p.json')).to.deep.equal(plan)
  })

  it('have the same digest whatever the order of their fields', () => {
    const reversed = Object.fromEntries(Object.entries(bodyOf(plan)).reverse()) as unknown as PlanBody
    expect(withDigest(reversed).digest).to.equal(plan.digest)
  })

  it('can be marked as rehearsed and are still whole', () => {
    const marked = withRehearsed(plan, new Set(['i-11']))
    expect(parsePlan(formatPlan(marked), 'p.json').hosts.map((host) => host.rehearsed)).to.deep.equal([
      true,
      undefined,
      undefined,
    ])
  })

  const bad: readonly (readonly [string, string, RegExp])[] = [
    ['text that is not JSON', '{', /"p.json" is not JSON/],
    ['an empty file', '', /is not JSON/],
    ['a foreign file', '{"version": 4, "terraform_version": "1.9"}', /no plan of bastionctl/],
    ['a list', '[]', /no plan of bastionctl/],
    ['null', 'null', /no plan of bastionctl/],
    [
      'another schema version',
      '{"schema": "bastionctl/plan/2"}',
      /of schema "bastionctl\/plan\/2", and this bastionctl reads "bastionctl\/plan\/1"/,
    ],
    [
      'one edited by hand',
      formatPlan(plan).replace('"confirmWithin": 600', '"confirmWithin": 900'),
      /was edited after it was made/,
    ],
    [
      'one with a field added',
      formatPlan(plan).replace('"region"', '"extra": 1, "region"'),
      /malformed at its top: unrecognized key: "extra"/,
    ],
    [
      'one that is cut short inside',
      JSON.stringify({ ...plan, hosts: [{ id: 'i-11' }] }),
      /malformed at hosts.0.name: /,
    ],
    ['a wrong type', JSON.stringify({ ...plan, confirmWithin: '10m' }), /malformed at confirmWithin: /],
    [
      'a relative path',
      JSON.stringify(plan).replace('"/etc/ssh/', '"etc/ssh/'),
      /malformed at changes.0.files.0.path: expected an absolute path/,
    ],
  ]
  for (const [what, text, message] of bad) {
    it(`refuse ${what}`, () => {
      const refused = problem(text)
      expect(refused.exit).to.equal('bad-plan')
      expect(refused.message).to.match(message)
      expect(refused.hint).to.be.a('string')
    })
  }

  const torn: readonly (readonly [string, Partial<PlanBody>])[] = [
    ['a wave that names a host twice', { waves: [['i-11'], ['i-12', 'i-11']] }],
    ['a wave that names a host without changes', { waves: [['i-11'], ['i-12', 'i-13']] }],
    ['a host that is in no wave', { waves: [['i-11']] }],
    ['a change that is not there', { changes: [] }],
  ]
  it('refuse what is behind a host that nobody knows', () => {
    const hosts = plan.hosts.map((host, at) => (at === 0 ? { ...host, behind: ['i-nowhere'] } : host))
    const refused = problem(formatPlan(withDigest({ ...bodyOf(plan), hosts })))
    expect(refused.message).to.include('disagree about')
  })

  for (const [what, changed] of torn) {
    it(`refuse ${what}, with a digest that fits or not`, () => {
      const refused = problem(formatPlan(withDigest({ ...bodyOf(plan), ...changed })))
      expect(refused.message).to.match(/its hosts, changes and waves disagree about "i-1\d"/)
    })
  }
})
