import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { loadPlan, savePlan } from '../../src/cli/plan-store.js'
import { refusal } from '../fakes/refusal.js'
import { plan } from '../support/samples.js'

const without = (code: string) => (): Promise<void> => Promise.reject(Object.assign(new Error(code), { code }))

describe('a plan on a file system without hard links', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'bastionctl-plan-'))
  })
  afterEach(() => {
    rmSync(folder, { recursive: true })
  })

  it('is saved all the same, for its owner alone, and leaves nothing else behind', async () => {
    for (const code of ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']) {
      const file = path.join(folder, code)
      await savePlan(file, plan, false, without(code))
      expect(await loadPlan(file)).to.deep.equal(plan)
      expect(statSync(file).mode & 0o777).to.equal(0o600)
    }
    expect(readdirSync(folder)).to.have.length(5)
  })

  it('takes nobody’s place', async () => {
    const file = path.join(folder, 'plan.json')
    writeFileSync(file, 'somebody’s')
    const { exit, message } = await refusal(() => savePlan(file, plan, false, without('EPERM')))
    expect([exit, message]).to.deep.equal(['usage', `"${file}" is there already`])
    expect([readFileSync(file, 'utf8'), readdirSync(folder)]).to.deep.equal(['somebody’s', ['plan.json']])
  })

  it('is not saved where the link has failed for another reason', async () => {
    const { message } = await refusal(() => savePlan(path.join(folder, 'p'), plan, false, without('EACCES')))
    expect(message).to.include('permission denied')
    expect(readdirSync(folder)).to.deep.equal([])
  })
})
