/** A disk that is full behind stdout or stderr. */
import { expect } from 'chai'
import { runProgram } from '../support/program.js'

const env = { AWS_REGION: 'eu-west-1' }
const says = 'the output could not be written: the disk is full\n'
const full = '/dev/full'

describe('output that cannot be written', function () {
  this.timeout('30s')

  for (const argv of [['--version'], ['--help'], ['harden', '--help'], ['history'], ['history', '--json']])
    it(`is said, with an exit code of its own: ${argv.join(' ')}`, async () => {
      expect(await runProgram(argv, { into: { stdout: full } })).to.include({ exitCode: 19, stderr: says })
    })

  for (const [argv, exitCode] of [
    [['enable-mfaa', '--json'], 3],
    [['status', '--json'], 3],
    [['hosts', '--tag', 'a=b', '--json'], 6],
  ] as const)
    it(`leaves a run that has failed its exit code: ${argv.join(' ')}`, async () => {
      const ended = await runProgram(argv, { env, into: { stdout: full } })
      expect(ended.stderr.split('\n')).to.include(says.trim())
      expect(ended.exitCode).to.equal(exitCode)
    })

  for (const [argv, exitCode] of [
    [['enable-mfaa'], 3],
    [['status'], 3],
    [['hosts', '--tag', 'a=b', '--verbose'], 6],
    [['history'], 0],
  ] as const)
    it(`costs words, and no run, where it is stderr's: ${argv.join(' ')}`, async () => {
      const stdout = exitCode === 0 ? 'no run has been made from this machine\n' : ''
      expect(await runProgram(argv, { env, into: { stderr: full } })).to.include({ exitCode, stdout })
    })

  it('ends a run by its own exit code where it is the output of both', async () => {
    expect(await runProgram(['history'], { into: { stdout: full, stderr: full } })).to.include({ exitCode: 19 })
  })
})
