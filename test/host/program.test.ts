import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { changeFrom } from '../../src/domain/change-from.js'
import { draft } from '../../src/features/index.js'
import { changeData } from '../../src/host/data.js'
import { hostCommand, scriptsOf } from '../../src/host/program.js'
import { account, hardening, policy } from '../features/facts.js'
import { hostOf } from '../features/golden-cases.js'
import { openCommand } from './open-command.js'

describe('the command that carries the on-host program', () => {
  it('is one line with nothing inserted but base64, and the same for the same data', async () => {
    const command = await hostCommand('inspect', { part: '1' }, 60)
    expect(command.split('\n')).to.have.length(1)
    const shape = command.replace(/printf %s [A-Za-z0-9+/=]+ /, 'printf %s BASE64 ')
    expect(shape).to.equal(
      (await hostCommand('confirm', { manifest: "'; rm -rf /; '" }, 60)).replace(
        /printf %s [A-Za-z0-9+/=]+ /,
        'printf %s BASE64 ',
      ),
    )
    expect(await hostCommand('inspect', { part: '1' }, 60)).to.equal(command)
  })

  it('names scripts as hosts do, wherever it is made', () => {
    const listed = ['main.sh', 'lib', 'lib\\arm.sh', 'lib/steps.sh']
    expect(scriptsOf(listed)).to.deep.equal(['main.sh', 'lib/arm.sh', 'lib/steps.sh'])
  })

  it('stays far below the 64 KB that Run Command takes', async () => {
    expect((await hostCommand('change', {}, 60)).length).to.be.below(45_800)
  })

  for (const [what, wanted] of Object.entries({
    'a factor with all that it can have': policy({
      secretStore: 'root',
      exemptGroups: ['robots', 'breakglass'],
      grace: { seconds: 86_400, until: Date.UTC(2026, 11, 8) / 1000 },
    }),
    'the strict level with all that it can have': hardening({
      level: 'strict',
      forwarding: 'jump',
      banner: 'B'.repeat(500),
    }),
  }))
    for (const distro of ['debian-11', 'debian-13', 'rhel-9'] as const)
      it(`leaves ${what} room for other things on ${distro}`, async () => {
        // Whose second factors move, where that is what the change is about.
        const people = Array.from({ length: 40 }, (_, n) =>
          account(`person-${String(n)}`, { uid: 1000 + n, password: 'set', factors: ['home'] }),
        )
        const facts = { ...hostOf(distro), accounts: [account('admin', { sudo: true }), ...people] }
        const change = changeFrom(draft(wanted, facts), facts)
        const order = {
          id: 'P',
          who: 'ann@desk',
          confirmWithin: 600,
          until: 'prove',
          now: 1,
          notAfter: 99,
          tool: 't',
          accept: [],
        } as const
        const { length } = await hostCommand('change', changeData(change, order), 540)
        expect(length).to.be.below(62_200)
      })

  it('leaves comments and indentation out of the scripts, and nothing else', async () => {
    const files = await openCommand(await hostCommand('change', {}, 60))
    const scripts = [...files].filter(([name]) => name.endsWith('.sh'))
    expect(scripts.length).to.be.above(20)
    for (const [name, text] of scripts) {
      const whole = readFileSync(new URL(`../../templates/host/${name}`, import.meta.url), 'utf8')
      expect(text.split('\n'), name).to.deep.equal(
        whole
          .split('\n')
          .filter((line) => !/^ *#/.test(line))
          .map((line) => line.trimStart()),
      )
    }
  })

  it('carries with a change what the host needs to make the later one by itself', async () => {
    const files = await openCommand(await hostCommand('change', { 'sunset/manifest': 'date=1\n' }, 60))
    expect([...files.keys()]).to.include.members([
      'sunset.sh',
      'confirm.sh',
      'lib/sunset.sh',
      'lib/target.sh',
      'lib/fitness-totp.sh',
    ])
  })

  it('carries the verb, the data, the scripts and the units', async () => {
    const files = await openCommand(await hostCommand('change', { 'content/etc/x': 'text\n' }, 60))
    expect(files.get('data/verb')).to.equal('change')
    expect(files.get('data/content/etc/x')).to.equal('text\n')
    expect([...files.keys()]).to.include.members([
      'main.sh',
      'guard.sh',
      'lib/restore.sh',
      'units/bastionctl-guard@.timer',
    ])
  })

  it('sends each script with the verbs that lead to it, and none to nobody', async () => {
    const all = { roster: 'ada|update\n', 'sunset/manifest': 'date=1\n' }
    const verbs = ['inspect', 'verify', 'change', 'confirm', 'extend', 'roll-back', 'history', 'seal'] as const
    const sent = await Promise.all(
      verbs.map(async (verb) => [...(await openCommand(await hostCommand(verb, all, 60))).keys()]),
    )
    const folder = fileURLToPath(new URL('../../templates/host/', import.meta.url))
    const scripts = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.sh'))
    expect(sent.flat()).to.include.members(scripts)
    expect(sent[verbs.indexOf('confirm')]).to.include('lib/restore.sh').and.not.include('rehearse.sh')
  })

  it('leaves out of a change what nothing of it asks for', async () => {
    const moving = ['lib/roster-apply.sh', 'lib/roster-check.sh', 'lib/roster-undo.sh']
    const editing = ['lib/keys-edit.sh', 'lib/roster-accounts.sh', 'lib/roster-accounts-undo.sh', 'lib/seal.sh']
    const later = ['lib/sunset.sh', 'sunset.sh']
    const row = (factor: string): string => `ada|update||||||keep|${factor}|\n`
    const sent = async (data: Record<string, string>): Promise<string[]> => {
      const files = await openCommand(await hostCommand('change', data, 60))
      return [...moving, ...editing, ...later].filter((name) => files.has(name))
    }
    expect(await sent({ roster: '' })).to.deep.equal([])
    expect(await sent({ roster: row('moved') })).to.deep.equal(moving)
    for (const factor of ['totp', 'codes', 'gone', ''])
      expect(await sent({ roster: row('moved') + row(factor) }), factor).to.deep.equal([...moving, ...editing])
    expect(await sent({ 'sunset/manifest': 'date=1\n' })).to.deep.equal(later)
  })

  it('ends the program after the given time', async () => {
    expect(await hostCommand('inspect', {}, 77)).to.include('RuntimeMaxSec=77 ')
  })
})
