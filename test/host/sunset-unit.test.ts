/** Which change's program the date's unit starts, by the unit's own shell line on records in a folder. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { putIn } from '../support/put-in.js'
import { scratchFolder } from '../support/scratch-folder.js'
import { aside } from '../support/host-aside.js'

const changes = 'var/lib/bastionctl/changes'
const unit = new URL('../../templates/etc/systemd/system/bastionctl-run-sunset.service.eta', import.meta.url)

describe('the unit that runs on the date', () => {
  const folder = scratchFolder('sunset')

  function record(id: string, nth: number, state: string, dated = true): void {
    putIn(folder(), `${changes}/${id}/nth`, `${String(nth)}\n`)
    putIn(folder(), `${changes}/${id}/state`, `state=${state}\n`)
    if (dated) putIn(folder(), `${changes}/${id}/sunset/sunset.sh`, 'echo "$0 $1"\n')
  }

  function said(): string {
    const [, line = ''] = /^ExecStart=\/bin\/sh -c '(.*?)'$/ms.exec(readFileSync(unit, 'utf8')) ?? []
    // As systemd.service(5) and systemd.syntax(7) have it.
    const script = aside(line.replaceAll('\\\n', ' ').replaceAll('$$', '$'), folder())
    const { stdout, status } = spawnSync('sh', ['-c', script], { encoding: 'utf8' })
    return `${stdout.replaceAll(`${folder()}/${changes}/`, '').trim()} ${String(status)}`
  }

  it('starts what the newest confirmed change with a date has kept, whenever that was planned', () => {
    record('20260101T000000Z-planned-first', 10, 'confirmed')
    record('20260102T000000Z-planned-later', 9, 'confirmed')
    record('20260103T000000Z-undone', 11, 'rolled-back')
    record('20260104T000000Z-without', 12, 'confirmed', false)
    const newest = '20260101T000000Z-planned-first'
    expect(said()).to.equal(`${newest}/sunset/sunset.sh ${newest} 0`)
  })

  it('fails where there is none', () => {
    record('20260103T000000Z-undone', 1, 'rolled-back')
    expect(said()).to.equal('no confirmed change with a date is on record 1')
  })
})
