import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { steps } from '../../src/domain/steps.js'

describe('names of the steps', () => {
  it('are the same list on the host and on the operator’s side', () => {
    const script = readFileSync(new URL('../../templates/host/lib/steps.sh', import.meta.url), 'utf8')
    expect(/^STEPS='(.*)'$/m.exec(script)?.[1]?.split(' ')).to.deep.equal([...steps])
  })
})
