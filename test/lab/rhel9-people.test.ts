/** A source of people and a dated first login on the layout of RHEL 9, with second factors that root keeps. */
import { expect } from 'chai'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { addPerson, admin, bastionctl, code, enable, login, must, type Person, sh, useLab } from './harness.js'
import { newestChange, stateOf } from './support/drive.js'
import { newKey, succeeded, tagged, unattended } from './support/operator.js'
import { remains, snapshot } from './support/remains.js'
import { difference } from './support/snapshot.js'
import { Terminal } from './support/terminal.js'

const host = 'rhel9'
const unit = 'bastionctl-run-sunset'
const folder = '/var/lib/google-authenticator'
const question = /Enter code from app \(-1 to skip\): $/

describe('people on the layout of RHEL 9', function () {
  this.timeout('3m')
  useLab([{ name: host, layout: 'rhel9' }])
  let keys = ''
  let stock: readonly string[] = []
  let ann: Person
  const person = (name: string): Person => ({ name, key: path.join(keys, name) })
  const source = (...names: string[]) => {
    const file = path.join(keys, 'people.yml')
    const users = names.map((name) => ({ name, keys: [readFileSync(`${person(name).key}.pub`, 'utf8').trim()] }))
    writeFileSync(file, JSON.stringify({ users }))
    return file
  }
  const sync = async (...names: string[]) =>
    succeeded(
      await bastionctl(
        'sync-users',
        source(...names),
        ...tagged,
        '--as',
        'admin',
        '--max-removals',
        '5',
        ...unattended,
      ),
    )

  /** Enrols by the dialog of the first login; returns the secret. */
  async function enrolled(who: Person): Promise<string> {
    const terminal = Terminal.login(host, who)
    await terminal.see(question)
    const secret = /secret key is: ([A-Z2-7]+)/.exec(terminal.text)?.[1] ?? ''
    terminal.type(`${code(secret)}\n`)
    await terminal.see(/Done/)
    await terminal.works()
    expect(await terminal.leave()).to.equal(0)
    return secret
  }

  before(async () => {
    keys = mkdtempSync(path.join(tmpdir(), 'bastionctl-rhel9-'))
    for (const name of ['ada', 'bob']) await newKey(person(name).key, `${name}@laptop`)
    ann = await addPerson([host], 'ann')
    await must(host, 'dnf -y -q install google-authenticator')
    stock = await snapshot(host)
  })
  after(() => {
    if (keys !== '') rmSync(keys, { recursive: true })
  })

  it('come by a source, and a second time nothing changes', async () => {
    await enable('--secret-store', 'root', '--grace', '14d')
    await sync('ada', 'bob')
    for (const name of ['ada', 'bob'])
      expect(await login(host, person(name), { answer: '' }), name).to.include({ in: true })
    expect(await sync('ada', 'bob')).to.equal('')
  })

  it('enrol at their first login by the helper, and go by the source, factor and all', async () => {
    await enrolled(person('ada'))
    expect(await login(host, person('ada'), { answer: '' })).to.include({ in: false })
    await sync('bob')
    expect(await login(host, person('ada'), { answer: '' })).to.include({ in: false })
    expect(await must(host, `ls ${folder}; getent passwd ada || true`)).to.equal('')
  })

  it('need a factor from the date on; the helper is gone then, and comes back with first login', async () => {
    const secret = await enrolled(admin())
    const id = (await must(host, 'grep -l . /var/lib/bastionctl/changes/*/sunset/data/manifest')).split('/')[5] ?? ''
    await must(
      host,
      `sed -i 's/^date=.*/date=${String(Math.floor(Date.now() / 1000) - 7200)}/' /var/lib/bastionctl/changes/${id}/sunset/data/manifest`,
    )
    const newest = await newestChange(host)
    const fired = await sh(host, `systemctl start ${unit}.service; journalctl -q -u ${unit} -o cat`)
    expect(await newestChange(host), fired.stdout).not.to.equal(newest)
    expect(await stateOf(host, await newestChange(host)), fired.stdout).to.include({ state: 'confirmed' })
    expect(await login(host, ann, { answer: '123456' })).to.include({ in: false })
    await must(
      host,
      `sed -i -e 's/^" RATE_LIMIT 3 30.*/" RATE_LIMIT 3 30/' -e 's/^" DISALLOW_REUSE.*/" DISALLOW_REUSE/' ${folder}/admin`,
    )
    expect(await login(host, admin(), { answer: code(secret) })).to.include({ in: true })
    const parts =
      '/usr/local/sbin/bastionctl-mfa-enrol /etc/sudoers.d/bastionctl_mfa-enrol /etc/profile.d/bastionctl-mfa-enrol.sh'
    expect((await sh(host, `ls ${parts}`)).stdout).to.equal('')
    succeeded(await bastionctl('rollback', ...tagged, '--yes'))
    expect((await sh(host, `ls ${parts}`)).stdout.split('\n')).to.have.length(4)
    await enrolled(ann)
  })

  it('are as before once all of it is rolled back', async () => {
    // What people have made of their accounts is theirs, and is kept.
    const theirs = '/home/*/.bash_history /home/admin/.sudo_as_admin_successful /home/ada.bastionctl-*'
    await must(host, `rm -f ${folder}/ann ${folder}/admin`)
    for (const _ of ['remove ada', 'add ada and bob', 'enable-mfa'])
      succeeded(await bastionctl('rollback', ...tagged, '--yes'))
    expect(await must(host, `ls -d /home/ada.bastionctl-*; rm -rf ${theirs}`)).to.match(
      /^\/home\/ada\.bastionctl-\S+\n$/,
    )
    expect(difference(stock, await snapshot(host))).to.deep.equal([])
    expect(await remains(host)).to.deep.equal([])
  })
})
