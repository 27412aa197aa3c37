import { expect } from 'chai'
import fc from 'fast-check'
import { checkUserName } from '../../../src/features/users/names.js'
import { refusal } from '../../fakes/refusal.js'

describe('names of new accounts', () => {
  for (const name of ['a', 'ann', 'ann-b', 'x2', 'a'.repeat(32)])
    it(`may be "${name}"`, () => {
      expect(checkUserName(name)).to.equal(name)
    })

  for (const [name, message] of [
    ['', /is empty/],
    ['Ann', /character 1 is "A"$/],
    ['ann_b', /character 4 is "_"/],
    ['ann.b', /character 4 is "\."/],
    ['ann b', /character 4 is U\+0020/],
    ['ann\n', /"ann\uFFFD": character 4 is U\+000A/],
    ['ann|root', /character 4 is "\|"/],
    ['../ann', /character 1 is "\."/],
    ['ann$', /character 4 is "\$"/],
    ['$(id)', /character 1 is "\$"/],
    ['аnn', /character 1 is "а" \(U\+0430, Cyrillic\)/],
    ['αnn', /character 1 is "α" \(U\+03B1, Greek\)/],
    ['ann\u200B', /"ann\uFFFD": character 4 is U\+200B$/],
    ['zoé', /character 3 is "é" \(U\+00E9, Latin\)/],
    ['ann😀', /character 4 is U\+1F600$/],
    ['-ann', /begins with "-"/],
    ['1ann', /begins with "1"/],
    ['a'.repeat(33), /has 33 characters/],
  ] as const)
    it(`may not be ${JSON.stringify(name)}`, async () => {
      const { exit, message: said, hint } = await refusal(() => checkUserName(name))
      expect(exit).to.equal('usage')
      expect(said).to.match(message)
      expect(hint).to.be.a('string')
    })

  it('are in one alphabet, whatever is tried', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        try {
          expect(checkUserName(name)).to.match(/^[a-z][-a-z0-9]{0,31}$/)
        } catch (error) {
          expect(error).to.include({ name: 'BastionError', exit: 'usage' })
          expect((error as Error).message).not.to.match(/[\p{Cc}\p{Bidi_Control}]/u)
        }
      }),
    )
  })
})
