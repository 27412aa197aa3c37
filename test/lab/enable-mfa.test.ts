import { expect } from 'chai'
import { addPerson, code, enable, enrol, generations, login, type Person, useLab } from './harness.js'

describe('enable-mfa on stock hosts', function () {
  this.timeout('3m')
  useLab()
  let ann: Person
  let robot: Person
  let newcomer: Person

  before(async () => {
    ann = await addPerson(generations, 'ann')
    robot = await addPerson(generations, 'robot', ['robots'])
    newcomer = await addPerson(generations, 'newcomer')
    await enable('--exempt-group', 'robots')
  })

  for (const host of generations) {
    describe(host, () => {
      it('lets the enrolled in by key and code, and refuses key alone, a wrong code and a replayed one', async () => {
        const secret = await enrol(host, ann)
        const now = code(secret)
        expect(await login(host, ann)).to.include({ in: false })
        const wrong = await login(host, ann, { answer: now === '000000' ? '000001' : '000000' })
        expect(wrong).to.include({ in: false })
        expect(wrong.prompts).to.have.length(1)
        expect(await login(host, ann, { answer: now })).to.include({ in: true })
        const replayed = await login(host, ann, { answer: now })
        expect(replayed).to.include({ in: false })
        expect(replayed.prompts).to.have.length(1)
      })

      it('lets the exempt in by key, in BatchMode', async () => {
        expect(await login(host, robot)).to.deep.include({ in: true, prompts: [] })
      })

      it('lets the un-enrolled in by key, unasked', async () => {
        expect(await login(host, newcomer, { answer: 'nothing' })).to.deep.include({ in: true, prompts: [] })
      })
    })
  }
})
