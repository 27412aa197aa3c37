import { expect } from 'chai'
import { Bench } from '../support/run-command.js'

describe('what is made for a person', () => {
  const selector = ['--tag', 'Role=bastion', '--yes', '--confirm', 'auto', '--safety-session', 'none']
  for (const [argv, flags] of [
    [
      ['add-user', 'ada', '--factor', 'totp'],
      ['--uri', '--qr'],
    ],
    [
      ['reset-mfa', 'ada', '--reason', 'lost'],
      ['--uri', '--qr'],
    ],
    [['new-codes', 'ada'], ['--codes']],
  ] as const)
    it(`${argv[0]} names its own flags where there is no terminal`, async () => {
      const bench = new Bench()
      const { exitCode, stderr } = await bench.run([...argv, ...selector])
      bench.close()
      expect(exitCode).to.equal(3)
      expect(stderr).to.contain('there is no terminal')
      expect(stderr.match(/--(?:uri|qr|codes)\b/g)).to.deep.equal([...flags])
    })
})
