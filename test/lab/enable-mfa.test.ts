import { expect } from 'chai'
import {
  addPerson,
  admin,
  bastionctl,
  code,
  enable,
  enrol,
  fresh,
  generations,
  login,
  must,
  type Person,
  useLab,
} from './harness.js'
import { everywhere, onAll } from './support/everywhere.js'
import { Terminal } from './support/terminal.js'
import { allDone, emergencyCodes, transfers } from './support/transfer.js'

const anything = '123456'

describe('enable-mfa on stock hosts', function () {
  this.timeout('3m')
  useLab()

  describe('--enrol first-login', () => {
    let ann: Person
    let robot: Person
    let newcomer: Person
    const pam = new Map<string, string>()

    before(async () => {
      ann = await addPerson(generations, 'ann')
      robot = await addPerson(generations, 'robot', ['robots'])
      newcomer = await addPerson(generations, 'newcomer')
      await onAll(async (host) => {
        pam.set(host, await otherPam(host))
      })
      await enable('--exempt-group', 'robots')
    })

    everywhere('lets the enrolled in by key and code, and refuses key alone, a wrong code and a replayed one', (host) =>
      keyAndCode(host, ann),
    )

    everywhere('lets the exempt in by key, in BatchMode', async (host) => {
      expect(await login(host, robot)).to.deep.include({ in: true, prompts: [] })
    })

    everywhere('lets the un-enrolled in by key, unasked', async (host) => {
      expect(await login(host, newcomer, { answer: anything })).to.deep.include({ in: true, prompts: [] })
    })

    everywhere(
      'refuses programs that cannot be asked, un-enrolled or not: they need an exempt group (lockout 43)',
      async (host) => {
        expect(await login(host, newcomer)).to.include({ in: false })
      },
    )

    everywhere(
      'carries scp, sftp, rsync and commands of the un-enrolled without a stray byte (lockout 44)',
      async (host) => {
        const seen = await transfers(host, newcomer, Array<string>(7).fill(anything))
        expect(seen).to.deep.equal(allDone(seen, 0))
      },
    )

    everywhere(
      'carries scp, sftp, rsync and commands of the exempt without a stray byte, in BatchMode (lockout 44)',
      async (host) => {
        const seen = await transfers(host, robot)
        expect(seen).to.deep.equal(allDone(seen, 0))
      },
    )

    everywhere(
      'carries scp, sftp, rsync and commands of the enrolled without a stray byte, a code each (lockout 44)',
      async (host) => {
        const carol = await person(host, 'carol')
        await enrol(host, carol)
        const seen = await transfers(host, carol, await emergencyCodes(host, carol))
        expect(seen).to.deep.equal(allDone(seen, 1))
      },
    )

    everywhere("leaves every PAM file but sshd's as it was (lockout 34)", async (host) => {
      expect(await otherPam(host)).to.equal(pam.get(host))
    })

    everywhere('asks nobody for a code in sudo and su (lockout 34)', async (host) => {
      await withPassword(host, 'dora')
      const terminal = Terminal.on(host, 'runuser -u admin -- su - dora')
      await terminal.see(/Password: $/)
      terminal.type('right-password\n')
      await terminal.works()
      await terminal.prompt()
      terminal.type('sudo -k id -un\n')
      await terminal.see(/password for dora: $/)
      terminal.type('right-password\n')
      await terminal.see(/^root\r$/m)
      expect(await terminal.leave()).to.equal(0)
      expect(terminal.text).not.to.match(/code/i)
    })

    // Not on deb13: its login hangs the terminal up first, which script(1) takes for the end.
    everywhere(
      'asks nobody for a code at the console (lockout 34)',
      async (host) => {
        await withPassword(host, 'emil')
        const terminal = Terminal.on(host, 'login emil')
        await terminal.see(/Password: $/)
        terminal.type('right-password\n')
        await terminal.works()
        await terminal.leave()
        expect(terminal.text).not.to.match(/code/i)
      },
      ['deb11', 'deb12'],
    )
  })

  describe('--enrol required', () => {
    const dry = (...flags: string[]) =>
      bastionctl('enable-mfa', '--tag', 'Role=bastion', '--enrol', 'required', '--dry-run', ...flags)
    let ann: Person
    let robot: Person
    let newcomer: Person

    before(async () => {
      await fresh(...generations)
      ann = await addPerson(generations, 'ann')
      robot = await addPerson(generations, 'robot', ['robots'])
      newcomer = await addPerson(generations, 'newcomer')
      await must('deb12', 'apt-get -q update && apt-get -qy install libpam-google-authenticator')
    })

    it('is refused while no administrator is enrolled or exempt, accepted lock-outs or not (lockout 28)', async () => {
      const { exitCode, stderr } = await dry(
        '--exempt-group',
        'robots',
        '--accept-lockout',
        'admin',
        '--accept-lockout',
        'ann',
        '--accept-lockout',
        'newcomer',
      )
      expect(stderr).to.match(/no administrator could log in: admin has no way past the factor/)
      expect(exitCode).to.equal(7)
    })

    it('takes an exempt administrator for one who gets in', async () => {
      const { exitCode, stderr } = await dry(
        '--exempt-group',
        'sudo',
        '--exempt-group',
        'robots',
        '--accept-lockout',
        'ann',
        '--accept-lockout',
        'newcomer',
      )
      expect(stderr).not.to.match(/hint|error/i)
      expect(exitCode).to.equal(0)
    })

    it('names everybody who is not enrolled, and is refused until each is accepted or exempt (lockout 28)', async () => {
      await onAll(async (host) => {
        await enrol(host, admin())
        await enrol(host, ann)
      })
      const { exitCode, stderr } = await dry('--exempt-group', 'robots')
      for (const host of generations)
        expect(stderr).to.match(new RegExp(`${host}.*"newcomer" would be locked out: has no factor`))
      expect(stderr).not.to.match(/"(ann|robot|admin)"/)
      expect(stderr).to.include('--accept-lockout newcomer')
      expect(exitCode).to.equal(7)
    })

    it('goes through with an enrolled administrator and the lock-out accepted, and uses no factor of anybody for its probes (lockout 37)', async () => {
      const factors = () =>
        Promise.all(generations.map((host) => must(host, 'sha256sum /home/*/.google_authenticator')))
      const before = await factors()
      const { stdout } = await enable('--enrol', 'required', '--exempt-group', 'robots', '--accept-lockout', 'newcomer')
      expect(stdout).to.match(/locked out, accepted:\n +newcomer/)
      expect(await factors()).to.deep.equal(before)
    })

    everywhere('lets the enrolled in by key and code, and refuses key alone, a wrong code and a replayed one', (host) =>
      keyAndCode(host, ann),
    )

    everywhere('lets the exempt in by key, in BatchMode', async (host) => {
      expect(await login(host, robot)).to.deep.include({ in: true, prompts: [] })
    })

    everywhere('refuses the un-enrolled after the prompt, whatever they answer', async (host) => {
      const refused = await login(host, newcomer, { answer: anything })
      expect(refused).to.include({ in: false })
      expect(refused.prompts).to.have.length(1)
      expect(await login(host, newcomer, { answer: '' })).to.include({ in: false })
    })

    everywhere('refuses scp, sftp, rsync and commands of the un-enrolled, each after its prompt', async (host) => {
      const seen = await transfers(host, newcomer, Array<string>(7).fill(anything))
      for (const [program, { done, prompts }] of Object.entries(seen))
        expect({ program, done, prompts }).to.deep.equal({ program, done: false, prompts: 1 })
    })

    everywhere(
      'carries scp, sftp, rsync and commands of the enrolled without a stray byte, a code each (lockout 44)',
      async (host) => {
        const seen = await transfers(host, ann, await emergencyCodes(host, ann))
        expect(seen).to.deep.equal(allDone(seen, 1))
      },
    )

    everywhere('makes nobody enrol: there is no login script', async (host) => {
      await must(host, '! ls /etc/profile.d/bastionctl* 2>/dev/null')
    })
  })
})

async function keyAndCode(host: string, who: Person): Promise<void> {
  const now = code(await enrol(host, who))
  expect(await login(host, who)).to.include({ in: false })
  const wrong = await login(host, who, { answer: now === '000000' ? '000001' : '000000' })
  expect(wrong).to.include({ in: false })
  expect(wrong.prompts).to.have.length(1)
  expect(await login(host, who, { answer: now })).to.include({ in: true })
  const replayed = await login(host, who, { answer: now })
  expect(replayed).to.include({ in: false })
  expect(replayed.prompts).to.have.length(1)
}

/** Somebody on one host only. */
function person(host: string, name: string): Promise<Person> {
  return addPerson([host], name)
}

/** Enrolled, and with a password and sudo as Debian's installer gives it. */
async function withPassword(host: string, name: string): Promise<void> {
  await enrol(host, await person(host, name))
  await must(host, `echo ${name}:right-password | chpasswd && usermod -aG sudo ${name}`)
}

/** Digests of all of PAM's files but those that the change names. */
function otherPam(host: string): Promise<string> {
  return must(
    host,
    "find /etc/pam.d /etc/pam.conf -type f ! -name sshd ! -name 'bastionctl-*' -exec sha256sum {} + | sort -k 2",
  )
}
