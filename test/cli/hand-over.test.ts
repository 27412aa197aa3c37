import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import type { Context } from '../../src/cli/context.js'
import { HandOver } from '../../src/cli/hand-over.js'
import { accountEdit } from '../../src/features/users/edits.js'
import { Bench } from '../support/run-command.js'
import { change, planWith } from '../support/samples.js'

describe('what is made for a person', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'bastionctl-hand-over-'))
  after(() => {
    rmSync(folder, { recursive: true })
  })

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

  for (const [factor, said] of [
    ['totp', /^the new factor is in "[^"]+": hand it over and delete the file$/],
    ['codes', /^the new scratch codes are in "[^"]+": hand them over and delete the file$/],
  ] as const)
    it(`${factor}: says what is in the file`, async () => {
      const told: string[] = []
      const context = { tell: (line: string) => told.push(line) } as unknown as Context
      const account = accountEdit({ name: 'ada', action: 'update', factor, reason: '' })
      const file = path.join(folder, factor)
      const plan = planWith({ changes: [{ ...change, accounts: [account] }] })
      const handOver = await HandOver.prepare(context, plan, factor === 'totp' ? { uri: file } : { codes: file })
      await handOver.show()
      expect(told).to.have.length(1)
      expect(told[0]).to.match(said)
      expect(readFileSync(file, 'utf8').startsWith('otpauth:')).to.equal(factor === 'totp')
      await handOver.withdraw()
      expect(told[1]).to.contain(factor === 'totp' ? 'a new factor opens nothing' : 'new scratch codes opens nothing')
    })
})
