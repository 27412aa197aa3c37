import { expect } from 'chai'
import { meetsGoal, over } from '../../lab/bench/goal.js'

describe('the goal of the bench', () => {
  it('is a quarter of the time of a playbook', () => {
    expect(meetsGoal({ median: 2500 }, { median: 10_000 })).to.equal(true)
    expect(meetsGoal({ median: 2501 }, { median: 10_000 })).to.equal(false)
  })

  it('is said to be met, or not, of every row of Ansible and of no other', () => {
    expect(over({ hardenOver: 0.2, meetsGoal: true })).to.equal('harden takes 0.20× this: the goal of 0.25× is met')
    expect(over({ hardenOver: 0.25, meetsGoal: false })).to.equal(
      'harden takes 0.25× this: the goal of 0.25× is not met',
    )
    expect(over({ overNode: 2 })).to.equal('2.00× node')
    expect(over({})).to.equal('')
  })
})
