import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { ApplyRequest, PlanRequest, Ports } from '../../src/engine/api.js'
import { Bench } from '../support/run-command.js'
import { noChanges, plan, planWith, result } from '../support/samples.js'

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMNGIoc0hNuxpUtjzuQOUPuPDK4yzZN3wrgdmKFrHdd9 ada@laptop'
const selector = ['--tag', 'Role=bastion', '--as', 'ops']
const unattended = ['--yes', '--confirm', 'auto', '--safety-session', 'none']
const found = (ports: Ports): void => {
  ports.emit({ code: 'step-started', step: 'select', hosts: [] })
}

describe('sync-users', () => {
  let bench: Bench
  let source = ''
  beforeEach(() => {
    bench = new Bench()
    source = join(bench.home, 'people.yml')
    writeFileSync(source, JSON.stringify({ users: [{ name: 'ada', keys: [key], sudo: true }] }))
  })
  afterEach(() => {
    bench.close()
  })

  it('turns source and flags into a policy that holds what was read', async () => {
    let asked: PlanRequest | undefined
    const flags = ['--ssh-user', 'admin', '--max-removals', '3', '--purge', '--dry-run']
    await bench.run(['sync-users', source, ...selector, ...flags], {
      plan: (_, request) => {
        asked = request
        return Promise.resolve(plan)
      },
    })
    expect(asked?.policy).to.deep.equal({
      feature: 'users',
      action: 'sync',
      source,
      readOn: new Date().toISOString().slice(0, 10),
      users: [
        {
          name: 'ada',
          keys: [key],
          sudo: true,
          groups: null,
          shell: '/bin/bash',
          comment: '',
          expires: '',
          uid: null,
        },
      ],
      home: 'purge',
      archive: '',
      operators: ['ops', 'admin'],
      maxRemovals: { unit: 'accounts', value: 3 },
      acceptLockout: [],
    })
  })

  it('reads from S3, and asks no host where S3 has nobody', async () => {
    bench.objects = {
      list: () => Promise.resolve([{ key: 'p/ada.pub', size: 1 }]),
      read: () => Promise.resolve(key),
    }
    let asked: PlanRequest | undefined
    await bench.run(['sync-users', 's3://keys/p', ...selector, '--dry-run'], {
      plan: (_, request) => {
        asked = request
        return Promise.resolve(plan)
      },
    })
    expect(asked?.policy).to.include({ source: 's3://keys/p/' })
    bench.objects = { ...bench.objects, list: () => Promise.resolve([]) }
    const ran = await bench.run(['sync-users', 's3://keys/p', ...selector, '--dry-run'])
    expect(ran).to.include({ exitCode: 3, stdout: '' })
    expect(ran.stderr).to.match(/names nobody/)
  })

  describe('unattended', () => {
    it('says nothing where nothing has to change, unless it is asked to', async () => {
      const quiet = {
        plan: (ports: Ports) => {
          found(ports)
          return Promise.resolve(noChanges)
        },
      }
      const run = (...flags: string[]) => bench.run(['sync-users', source, ...selector, ...unattended, ...flags], quiet)
      expect(await run()).to.include({ exitCode: 0, stdout: '', stderr: '' })
      expect((await run('--verbose')).stdout).to.match(/no changes/)
      expect((await run('--json')).json).to.deep.include({ exit: 'ok' })
      expect((await run('--dry-run')).stdout).to.match(/no changes/)
      expect((await run('--out', join(bench.home, 'plan.json'))).stderr).to.match(/the plan is in/)
    })

    it('does not call a host as wanted where something stays that should go', async () => {
      const left = (name: string, ...stays: readonly string[]) => ({ id: `i-${name}`, name, describes: '', stays })
      const [key, group] = ["ada's keys are not as in the source: /srv/keys is a link", 'bob stays in ops']
      const run = async (...hosts: ReturnType<typeof left>[]): Promise<string> => {
        const planned = planWith({ changes: [], waves: [], hosts })
        const ran = await bench.run(['sync-users', source, ...selector, ...unattended], {
          plan: () => Promise.resolve(planned),
        })
        expect(ran.exitCode).to.equal(0)
        expect(ran.stdout).to.not.contain('as wanted')
        return ran.stdout
      }
      expect(await run(left('deb11', key))).to.match(/^no changes; 1 thing stays as it is:\nnote: ada's keys/m)
      expect(await run(left('deb11', key), left('deb12', key, group), left('deb13', group))).to.match(
        /^no changes; 2 things stay as they are:\nnote: deb11, deb12: ada's keys .*\nnote: deb12, deb13: bob stays in ops$/m,
      )
    })

    it('says all that it has done where something has', async () => {
      let applied: ApplyRequest | undefined
      const ran = await bench.run(['sync-users', source, ...selector, ...unattended], {
        plan: (ports) => {
          found(ports)
          return Promise.resolve(plan)
        },
        apply: (_, request) => {
          applied = request
          return Promise.resolve({
            id: plan.id,
            results: [result('confirmed'), result('confirmed', { id: 'i-12', name: 'deb12' })],
          })
        },
      })
      expect(applied).to.include({ plan, confirm: 'auto' })
      expect(ran.stdout).to.match(/2 hosts: 2 confirmed/)
      expect(ran.stderr).to.match(/^looking for hosts$/m)
    })

    it('says why where it was refused', async () => {
      const ran = await bench.run(['sync-users', '/nonexistent', ...selector, ...unattended])
      expect(ran.exitCode).to.equal(3)
      expect(ran.stderr).to.match(/cannot be read/)
    })
  })
})
