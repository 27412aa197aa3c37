/** `npm run demo`, as README has it: the main job, told to a newcomer; and that nothing of it stays, however it ends. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { execa } from 'execa'
import { besideLab } from '../../lab/hosts/places.js'

const program = fileURLToPath(new URL('../../lab/demo.ts', import.meta.url))
const { BASTIONCTL_LAB: lab = '' } = besideLab('demo', 16)

function demo() {
  return execa(process.execPath, ['--import', 'tsx', program], { all: true, reject: false, stdin: 'ignore' })
}

describe('the demo', function () {
  this.timeout('6m')

  it('shows who gets in and who does not, rolls back, and takes its hosts down', async () => {
    const { exitCode, all } = await demo()
    expect(exitCode, all).to.equal(0)
    for (const line of [
      /gets in +ada on deb1[123], on a terminal, with her key alone/,
      /3 hosts: 3 confirmed/,
      /refused +ada's key alone on deb12/,
      /refused +key and a wrong code/,
      /gets in +key and the code of the app/,
      /refused +the same code once more/,
      /gets in +deploy, exempt, with its key alone/,
      /3 hosts: 3 rolled back/,
      /gets in +ada's key alone on deb13/,
      /the lab is gone/,
    ])
      expect(all).to.match(line)
    expect(existsSync(lab), lab).to.equal(false)
  })

  it('takes them down where it is ended early', async () => {
    const child = demo()
    await new Promise<void>((resolve) => {
      let seen = ''
      // The lab is up when its hosts are named; and whoever reads on loses no pipe.
      child.all.on('data', (chunk: Buffer) => {
        seen += chunk.toString()
        if (seen.includes('deb13')) resolve()
      })
    })
    child.kill('SIGTERM')
    const { exitCode, all } = await child
    expect(exitCode, all).to.equal(143)
    expect(existsSync(lab), lab).to.equal(false)
  })
})
