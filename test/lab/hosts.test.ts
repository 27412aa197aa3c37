/** The lab's hosts themselves: that they are what the end-to-end tests take them for. In a lab of its own. */

import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

import { expect } from 'chai'
import { execa } from 'execa'

import {
  boot,
  down,
  exec,
  findHost,
  kill,
  leader,
  LabError,
  powerCut,
  reset,
  restart,
  setAgent,
  sh,
  ssh,
  status,
  up,
} from '../../lab/hosts/index.js'
import { root } from '../source-config.js'

const LAB = '/var/tmp/bastionctl-lab-hosts-test'
const NET = '10.213.250'
const HOSTS = ['deb11', 'deb12', 'deb13']
/** From scratch, with images to build. */
const BUILD_MS = 600_000

const out = async (host: string, script: string): Promise<string> => (await sh(host, script)).stdout.trim()

describe('lab hosts', function () {
  this.timeout(60_000)
  const before_ = { lab: process.env['BASTIONCTL_LAB'], net: process.env['BASTIONCTL_LAB_NET'] }

  before(async function () {
    if (process.platform !== 'linux' || process.getuid?.() !== 0) this.skip()
    this.timeout(BUILD_MS)
    process.env['BASTIONCTL_LAB'] = LAB
    process.env['BASTIONCTL_LAB_NET'] = NET
    await down()
    await up({ hosts: [...HOSTS.map((name) => ({ name })), { name: 'deb12-disk', disk: true }], endpoint: false })
  })

  after(async () => {
    if (process.env['BASTIONCTL_LAB'] === LAB) await down()
    for (const [name, value] of [
      ['BASTIONCTL_LAB', before_.lab],
      ['BASTIONCTL_LAB_NET', before_.net],
    ] as const) {
      if (value === undefined) Reflect.deleteProperty(process.env, name)
      else process.env[name] = value
    }
  })

  describe('after up', () => {
    for (const [host, version] of [
      ['deb11', '8.4'],
      ['deb12', '9.2'],
      ['deb13', '10.0'],
    ] as const) {
      it(`${host} takes a login with the key, as its default user with sudo, on OpenSSH ${version}`, async () => {
        const { stdout, exitCode } = await ssh(host, {}, 'whoami; sudo -n whoami; ssh -V 2>&1')
        expect(exitCode).to.equal(0)
        expect(stdout).to.match(new RegExp(`^admin\nroot\nOpenSSH_${version.replace('.', '\\.')}p`))
      })

      it(`${host} looks like an EC2 instance`, async () => {
        expect(await out(host, 'systemctl is-system-running')).to.equal('running')
        expect(await out(host, 'findmnt -no OPTIONS /run'))
          .to.include('noexec')
          .and.include('nosuid')
          .and.include('nodev')
        expect(await out(host, 'findmnt -no OPTIONS -T /tmp')).not.to.include('noexec')
        expect(await out(host, 'passwd --status admin')).to.match(/^admin L /)
        expect(await out(host, 'hostname; hostname --ip-address')).to.match(new RegExp(`^${host}\n127.0.1.1`))
        expect(await out(host, 'journalctl --header | grep -c /var/log/journal')).not.to.equal('0')
        expect(await out(host, 'ip route show default')).to.equal('')
      })
    }

    it('the TOTP module is missing on deb12 and can be installed there without a network', async () => {
      const module = 'ls /usr/lib/*/security/pam_google_authenticator.so'
      expect((await sh('deb11', module)).exitCode).to.equal(0)
      expect((await sh('deb12', module)).exitCode).not.to.equal(0)
      await out(
        'deb12',
        'apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq --yes install libpam-google-authenticator',
      )
      expect((await sh('deb12', module)).exitCode).to.equal(0)
      await reset('deb12')
      expect((await sh('deb12', module)).exitCode).not.to.equal(0)
    })

    it('up again changes nothing', async () => {
      const before = HOSTS.map(leader)
      await up({ endpoint: false })
      expect(HOSTS.map(leader)).to.deep.equal(before)
    })
  })

  describe('exec', () => {
    it('gives output, error output and exit code apart, and takes input', async () => {
      const ran = await exec('deb13', ['sh', '-c', 'cat; echo wrong >&2; exit 3'], { input: 'text' })
      expect(ran).to.deep.equal({ stdout: 'text', stderr: 'wrong\n', exitCode: 3, timedOut: false })
    })

    it('has the environment of a service and nothing of this process', async () => {
      expect(await out('deb13', 'env | cut -d= -f1 | sort | tr "\\n" " "; umask; pwd')).to.equal(
        'LANG PATH PWD 0022\n/',
      )
    })

    it('ends what takes too long, in the host too', async () => {
      const ran = await exec('deb13', ['sleep', '4242'], { timeout: 0.5 })
      expect(ran.timedOut).to.equal(true)
      expect(await out('deb13', 'pgrep -fx "sleep 4242" || echo none')).to.equal('none')
    })

    it('cannot set the clock, which is the machine’s', async () => {
      expect((await exec('deb13', ['date', '--set', '2001-01-01'])).exitCode).not.to.equal(0)
    })

    it('says so when the host is down', async () => {
      await kill('deb11')
      const failure = await exec('deb11', ['true']).catch((error: unknown) => error)
      expect(failure).to.be.instanceOf(LabError).with.property('message', 'host "deb11" is down')
      await boot('deb11')
    })
  })

  it('reset forgets what was done and keeps the host’s keys', async () => {
    const keys = 'cat /etc/ssh/ssh_host_ed25519_key.pub'
    const key = await out('deb12', keys)
    await out('deb12', 'rm /etc/ssh/sshd_config; touch /root/mark')
    await reset('deb12')
    expect(await out('deb12', 'ls /root /etc/ssh/sshd_config')).to.equal('/etc/ssh/sshd_config\n\n/root:')
    expect(await out('deb12', keys)).to.equal(key)
    expect((await ssh('deb12', {}, 'true')).exitCode).to.equal(0)
  })

  it('restart keeps the files and boots anew, whoever asks for it', async () => {
    const boots = 'journalctl --list-boots --quiet | grep -c .'
    await out('deb12', 'touch /root/mark /run/mark')
    const count = Number(await out('deb12', boots))
    await restart('deb12')
    expect(await out('deb12', 'ls /root/mark /run/mark 2>/dev/null')).to.equal('/root/mark')
    expect(Number(await out('deb12', boots))).to.equal(count + 1)
    await ssh('deb12', {}, 'sudo systemctl reboot')
    await boot('deb12')
    expect(Number(await out('deb12', boots))).to.equal(count + 2)
    expect((await ssh('deb12', {}, 'true')).exitCode).to.equal(0)
  })

  it('a power cut loses what was not synced, and only that', async () => {
    const host = 'deb12-disk'
    const write =
      'printf synced >a; sync a; mv a kept; sync; printf lost >b; mv b empty; printf late >c; sync c; mv c gone'
    await out(host, `mkdir /root/d; cd /root/d; ${write}`)
    await powerCut(host)
    expect(leader(host)).to.equal(undefined)
    await boot(host)
    // `empty` was renamed by the journal that c's sync wrote, its content was not written: what fault the tests are after.
    expect(await out(host, 'cd /root/d; stat -c "%n %s" *')).to.equal('c 4\nempty 0\nkept 6')
    await reset(host)
    expect(await out(host, 'ls /root')).to.equal('')
  })

  it('refuses to cut the power of a host that could not lose anything', async () => {
    expect(await powerCut('deb13').catch((error: unknown) => error)).to.be.instanceOf(LabError)
  })

  for (const kind of ['reinstall', 'interrupted'] as const) {
    it(`installs nothing while the package database is damaged (${kind})`, async () => {
      const flags = kind === 'interrupted' ? ['--interrupted'] : []
      await execa(process.execPath, ['--import', 'tsx', 'lab/cli.ts', 'damage-packages', 'deb13', ...flags], {
        cwd: root,
      })
      await out('deb13', 'apt-get -qq update')
      const install = 'apt-get --yes install libpam-radius-auth'
      expect((await sh('deb13', install)).exitCode).to.equal(100)
      const mended = await sh('deb13', `dpkg --configure -a && ${install}`)
      expect(mended.exitCode === 0, mended.stderr).to.equal(kind === 'interrupted')
      await reset('deb13')
    })
  }

  it('keeps the state of the agent in the state file', async () => {
    await setAgent('deb13', 'offline')
    expect(findHost('deb13').agent).to.equal('offline')
    await setAgent('deb13', 'online')
  })

  describe('down', () => {
    const left = async (): Promise<string[]> => {
      const mark = /bl[0-9a-f]{6}-/
      const lines = async (command: string, ...args: string[]): Promise<string[]> =>
        (await execa(command, args)).stdout.split('\n')
      const namespaces = await lines('ip', 'netns', 'list')
      const links = await lines('ip', '-brief', 'address')
      const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
      const groups = ['/sys/fs/cgroup', '/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified']
        .filter(existsSync)
        .flatMap((dir) => readdirSync(dir))
      const processes = (await lines('ps', '-eo', 'args')).filter((line) => line.includes(`--directory=${LAB}`))
      const mine = links.filter((line) => line.includes(NET)).map((line) => mark.exec(line)?.[0] ?? '?')
      const ours = new Set([...mine, ...known])
      return [
        ...[...namespaces, ...links, ...groups].filter((line) =>
          [...ours].some((name) => line.startsWith(name) || line === name.slice(0, -1)),
        ),
        ...mounts.filter((line) => line.includes(LAB)),
        ...(await lines('losetup', '--list')).filter((line) => line.includes(LAB)),
        ...processes,
        ...[LAB].filter(existsSync),
      ]
    }
    /** The marks of this lab's kernel objects, seen while they were there. */
    const known: string[] = []

    before(async () => {
      const { stdout } = await execa('ip', ['-brief', 'address'])
      const line = stdout.split('\n').find((one) => one.includes(`${NET}.1/`))
      known.push(/^bl[0-9a-f]{6}-/.exec(line ?? '')?.[0] ?? '')
      expect(known[0]).not.to.equal('')
    })

    it('leaves nothing', async () => {
      expect(await left()).not.to.deep.equal([])
      await down()
      expect(await left()).to.deep.equal([])
      expect(status()).to.equal(undefined)
    })

    it('ends the endpoint too, which "env" names to a shell', async () => {
      const { endpoint } = await up({ names: ['deb12'] })
      const env = `"$0" --import tsx lab/cli.ts env`
      const told = await execa('sh', ['-euc', `lines=$(${env}); eval "$lines"; env`, process.execPath], { cwd: root })
      expect(told.stdout.split('\n')).to.include.members([
        `AWS_ENDPOINT_URL=${endpoint ?? '?'}`,
        `BASTIONCTL_LAB=${LAB}`,
        `BASTIONCTL_LAB_NET=${NET}`,
        `XDG_DATA_HOME=${LAB}/data`,
      ])
      mkdirSync(`${LAB}/data/bastionctl/runs`, { recursive: true })
      const { pid } = (await (await fetch(`${endpoint ?? ''}/_lab/health`)).json()) as { pid: number }
      expect(existsSync(`/proc/${String(pid)}`)).to.equal(true)
      await down()
      expect(existsSync(`/proc/${String(pid)}`)).to.equal(false)
      expect(await left()).to.deep.equal([])
    })

    const moments: Readonly<Record<string, () => boolean>> = {
      'had noted its hosts': () => existsSync(`${LAB}/state.json`),
      'had mounted a root': () => readFileSync('/proc/self/mountinfo', 'utf8').includes(LAB),
      'had booted a host': () => HOSTS.some((host) => leader(host) !== undefined),
    }
    for (const [moment, reached] of Object.entries(moments)) {
      it(`leaves nothing of an up that was killed when it ${moment}`, async () => {
        const script = `import { up } from ${JSON.stringify(new URL('../../lab/hosts/index.ts', import.meta.url).href)}; await up({ endpoint: false, disk: true })`
        const dying = execa(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
          reject: false,
        })
        while (!reached() && dying.exitCode === null) await sleep(5)
        dying.kill('SIGKILL')
        await dying
        expect(await left()).not.to.deep.equal([])
        await down()
        expect(await left()).to.deep.equal([])
      })
    }
  })

  describe('a network that the machine has already', () => {
    const OTHER = `${LAB}-other`
    const inOther = async <T>(work: () => Promise<T>): Promise<T> => {
      process.env['BASTIONCTL_LAB'] = OTHER
      try {
        return await work()
      } finally {
        process.env['BASTIONCTL_LAB'] = LAB
      }
    }
    const deb12 = { names: ['deb12'], endpoint: false }
    const bridges = async (): Promise<string[]> =>
      (await execa('ip', ['-brief', 'address'])).stdout
        .split('\n')
        .filter((line) => line.includes(` ${NET}.1/`))
        .map((line) => line.split(/[ @]/)[0] ?? '')

    before(down)
    afterEach(async () => {
      await inOther(down)
      await down()
    })

    it('is refused at once where it is no lab that has it', async () => {
      const link = 'notalab0'
      await execa('ip', ['link', 'add', link, 'type', 'bridge'])
      try {
        await execa('ip', ['address', 'add', `${NET}.200/24`, 'dev', link])
        const refused = await up(deb12).catch((error: unknown) => error)
        expect(refused).to.be.instanceOf(LabError)
        expect(String(refused)).to.include(`the lab's network ${NET}.0/24 is in use on ${link}`)
      } finally {
        await execa('ip', ['link', 'delete', link])
      }
    })

    it('is refused at once where another lab is up in it, which goes on', async () => {
      await up(deb12)
      const refused = await inOther(() => up(deb12)).catch((error: unknown) => error)
      expect(String(refused)).to.match(/is in use on bl[\da-f]{6}-br, which another lab has up/)
      expect((await ssh('deb12', {}, 'true')).exitCode).to.equal(0)
    })

    it('is taken over from a lab that was killed with all its hosts', async () => {
      await up(deb12)
      const [dead] = await bridges()
      await kill('deb12')
      await inOther(async () => {
        await up(deb12)
        expect((await ssh('deb12', {}, 'true')).exitCode).to.equal(0)
      })
      expect(await bridges())
        .to.have.length(1)
        .and.not.include(dead)
    })
  })
})
