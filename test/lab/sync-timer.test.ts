/** sync-users by the timer of docs/sync-users.md: the page's own units, run by the systemd of a host that is nobody's bastion. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { findHost, readState } from '../../lab/hosts/index.js'
import { root } from '../source-config.js'
import { installed } from '../support/installed.js'
import { login, must, operatorEnv, type Person, until, useLab } from './harness.js'
import { bucket } from './support/endpoint.js'
import { newKey } from './support/operator.js'
import { remembered } from './support/remembered.js'

const target = 'deb11'
const ops = 'deb12-ops'
const unit = 'bastionctl-sync'
const units = '/etc/systemd/system'

/** The units of the page, texts by path. */
function documented(): Map<string, string> {
  const [, page = ''] = /```ini\n([^]*?)```/.exec(readFileSync(path.join(root, 'docs/sync-users.md'), 'utf8')) ?? []
  const parts = page.split(/^# (\/etc\/systemd\/system\/\S+)\n/m).slice(1)
  return new Map(parts.flatMap((part, at) => (at % 2 === 0 ? [[part, parts[at + 1] ?? '']] : [])))
}

/** The endpoint listens on loopback alone: here the lab's hosts reach it. */
async function relay(): Promise<Server> {
  const { endpoint = '', gateway } = readState()
  const server = createServer((from) => {
    const to = connect(Number(new URL(endpoint).port), '127.0.0.1')
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const)
      one.on('error', () => other.destroy()).pipe(other)
  })
  await new Promise<void>((resolve) => server.listen(0, gateway, resolve))
  return server
}

describe('sync-users by a timer', function () {
  this.timeout('5m')
  useLab([{ name: target }, { name: ops, tags: { Role: 'operations' } }])

  const { remember, asBefore } = remembered([target])
  const people: Person[] = []
  let folder = ''
  let server: Server | undefined

  before(async function () {
    folder = mkdtempSync(path.join(tmpdir(), 'bastionctl-timer-'))
    const prefix = path.join(folder, 'prefix')
    mkdirSync(prefix)
    if (installed(prefix) === undefined) this.skip()
    const system = findHost(ops).root
    cpSync(prefix, path.join(system, 'usr/local'), { recursive: true, verbatimSymlinks: true })
    cpSync(process.execPath, path.join(system, 'usr/local/bin/node'))
    server = await relay()
    for (const name of ['ada', 'bob']) {
      const key = path.join(folder, name)
      await newKey(key, `${name}@laptop`)
      people.push({ name, key })
    }
    const { AWS_ENDPOINT_URL: _, AWS_REGION: region, PATH: __, HOME: ___, XDG_DATA_HOME: ____, ...aws } = operatorEnv()
    const { port } = server.address() as AddressInfo
    const own = { ...aws, AWS_REGION: region, AWS_ENDPOINT_URL: `http://${readState().gateway}:${String(port)}` }
    const texts = documented()
    expect([...texts.keys()]).to.deep.equal([`${units}/${unit}.service`, `${units}/${unit}.timer`])
    // What the lab's endpoint needs, as a role of the instance would give it; and no five minutes.
    texts.set(
      `${units}/${unit}.service.d/lab.conf`,
      `[Service]\n${Object.entries(own)
        .map(([name, value]) => `Environment=${name}=${value ?? ''}\n`)
        .join('')}`,
    )
    for (const [file, text] of texts) await must(ops, `mkdir -p "$(dirname ${file})" && cat >${file}`, text)
    await must(ops, 'useradd --system bastionctl && systemctl daemon-reload')
  })
  after(() => {
    server?.close()
    if (folder !== '') rmSync(folder, { recursive: true, force: true })
  })

  const source = (...names: readonly Person[]): Promise<void> =>
    bucket(
      'keys-of-ours',
      Object.fromEntries(names.map(({ name, key }) => [`people/${name}.pub`, readFileSync(`${key}.pub`, 'utf8')])),
    )
  const show = async (property: string): Promise<string> =>
    (await must(ops, `systemctl show -p ${property} --value ${unit}.service`)).trim()

  /** The timer fires once, and what it starts ends: its exit code, and all that it has printed. */
  async function fired(): Promise<{ readonly status: string; readonly said: string }> {
    const last = await show('InvocationID')
    await must(ops, `systemctl restart ${unit}.timer`)
    await until('it is over', 90, async () => {
      const [id, state] = [await show('InvocationID'), await show('ActiveState')]
      return id !== last && id !== '' && (state === 'inactive' || state === 'failed')
    })
    const id = await show('InvocationID')
    await must(ops, 'journalctl --sync')
    const said = await must(ops, `journalctl -q -o cat _TRANSPORT=stdout _SYSTEMD_INVOCATION_ID=${id}`)
    return { status: await show('ExecMainStatus'), said }
  }

  it('is taken by systemd as it is on the page, and comes every five minutes', async () => {
    expect(await must(ops, `systemd-analyze verify ${units}/${unit}.timer 2>&1`)).to.equal('')
    await must(ops, `systemctl start ${unit}.timer`)
    const next = await must(
      ops,
      `date -d "$(systemctl show -p NextElapseUSecRealtime --value ${unit}.timer)" +%s; systemctl stop ${unit}.timer`,
    )
    expect(Number(next) - Date.now() / 1000).to.be.within(-1, 331)
  })

  describe('that fires at once', () => {
    before(async () => {
      await source(...people)
      await must(
        ops,
        `mkdir -p ${units}/${unit}.timer.d && cat >${units}/${unit}.timer.d/lab.conf`,
        '[Timer]\nOnCalendar=\nOnActiveSec=1s\nRandomizedDelaySec=0\nAccuracySec=1s\n',
      )
      await must(ops, 'systemctl daemon-reload')
    })

    it('makes the accounts what the source says, says so, and keeps a record', async () => {
      const { status, said } = await fired()
      expect(said)
        .to.match(/2 added, 0 changed, 0 removed/)
        .and.match(/^1 host: 1 confirmed$/m)
      expect(status).to.equal('0')
      for (const person of people) expect(await login(target, person), person.name).to.include({ in: true })
      expect(await must(ops, 'stat -c %U /var/lib/bastionctl-sync/bastionctl/*')).to.match(/^(bastionctl\n)+$/)
    })

    it('a second time changes nothing and says nothing', async () => {
      await remember()
      expect(await fired()).to.deep.equal({ status: '0', said: '' })
      await asBefore(target)
    })

    it('fails with the reason where the source is empty, removes nobody, and is well again when the source is', async () => {
      await remember()
      await source()
      const { status, said } = await fired()
      expect(said).to.match(/names nobody, and everybody would be removed/)
      expect({ status, result: await show('Result') }).to.deep.equal({ status: '3', result: 'exit-code' })
      await asBefore(target)
      await source(...people)
      expect(await fired()).to.deep.equal({ status: '0', said: '' })
    })
  })
})
