/** Hosts that are more than a stock Debian: each can be changed, proves its change, and is put back. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { LAYOUTS, restart, type LayoutName } from '../../lab/hosts/index.js'
import {
  addPerson,
  bastionctl,
  code,
  enable,
  enrol,
  type Finished,
  fresh,
  login,
  must,
  type Person,
  tree,
  useLab,
} from './harness.js'
import { carryOut, changeFor, newId } from './support/drive.js'
import { everywhere, onAll } from './support/everywhere.js'
import { backByItself, snapshot } from './support/remains.js'
import { Terminal } from './support/terminal.js'
import { allDone, transfers } from './support/transfer.js'
import { difference } from './support/snapshot.js'

const layouts = Object.keys(LAYOUTS) as LayoutName[]

describe('layouts', function () {
  this.timeout('3m')
  useLab(layouts.map((layout) => ({ name: layout, layout })))
  let ann: Person
  let newcomer: Person
  const stock = new Map<string, string[]>()

  before(async () => {
    ann = await addPerson(layouts, 'ann')
    newcomer = await addPerson(layouts, 'newcomer')
    await onAll(async (host) => {
      stock.set(host, await files(host))
    }, layouts)
  })

  describe('one change on all of them', () => {
    beforeEach(noSshd)

    it('hosts lists each as one that can be changed, RHEL 9 by its name', async () => {
      const { stdout, exitCode } = await bastionctl('hosts', '--tag', 'Role=bastion')
      expect(exitCode).to.equal(0)
      for (const layout of layouts) expect(stdout).to.match(new RegExp(`^${layout} .* yes$`, 'm'))
      expect(stdout).to.match(/^rhel9 .*Red Hat Enterprise Linux 9\.4 \(Plow\)/m)
    })

    it('enable-mfa proves it everywhere, with no sshd running at first and where a reload ends it (lockout 10); dnf brings the module to RHEL 9', async () => {
      const { stdout } = await enable()
      expect(stdout).to.match(/rhel9 .*\n +install google-authenticator/)
      expect(stdout).to.match(new RegExp(`${String(layouts.length)} hosts: ${String(layouts.length)} confirmed`))
      expect(await must('rhel9', 'rpm -q google-authenticator')).to.match(/^google-authenticator-\d/)
    })

    everywhere(
      'key and code get in; the key alone, a wrong code and a replayed one do not',
      async (host) => {
        const now = code(await enrol(host, ann))
        expect(await login(host, ann)).to.include({ in: false })
        expect(await login(host, ann, { answer: now === '000000' ? '000001' : '000000' })).to.include({ in: false })
        expect(await login(host, ann, { answer: now })).to.include({ in: true })
        expect(await login(host, ann, { answer: now })).to.include({ in: false })
      },
      layouts,
    )

    everywhere(
      'carries scp, sftp, rsync and commands of the un-enrolled without a stray byte, and enrols at the first login (lockout 44)',
      async (host) => {
        const seen = await transfers(host, newcomer, Array<string>(7).fill('123456'))
        expect(seen).to.deep.equal(allDone(seen, 0))
        const terminal = Terminal.login(host, newcomer)
        await terminal.see(/Enter code from app \(-1 to skip\): $/)
        await terminal.enrols(/Done/)
        await terminal.works()
        expect(await terminal.leave()).to.equal(0)
        expect(await login(host, newcomer, { answer: '' })).to.include({ in: false })
      },
      layouts,
    )

    it('a second enable-mfa has nothing to change', async () => {
      expect((await enable()).stdout).to.match(/no changes: every host is as wanted/)
    })

    it('disable-mfa puts all back byte for byte, and the key alone gets in', async () => {
      await disable()
      await onAll(async (host) => {
        expect(difference(stock.get(host) ?? [], await files(host))).to.deep.equal([])
        expect(await login(host, ann)).to.deep.include({ in: true, prompts: [] })
      }, layouts)
    })
  })

  describe('what each has of its own', () => {
    it('a restart before the confirm puts back what was there, by sshd.service as by ssh.socket (lockout 10)', async () => {
      const hosts = ['rhel9', 'socket']
      await fresh(...hosts)
      await addPerson(hosts, 'ann')
      // Packages stay.
      await must('rhel9', 'dnf -y -q install google-authenticator')
      await onAll(async (host) => {
        const before = await snapshot(host)
        const id = newId()
        const answer = await carryOut(host, await changeFor(host), { id, confirmWithin: 3600 })
        expect(answer?.outcome, answer?.detail).to.equal('proven')
        expect(await login(host, ann)).to.include({ in: false })
        await restart(host)
        expect((await backByItself(host, id, before)).reason).to.match(/restarted before/)
        expect(await login(host, ann)).to.deep.include({ in: true, prompts: [] })
      }, hosts)
    })

    it('a plan made while no sshd runs holds once one does, with options from its environment file (lockouts 8, 10)', async () => {
      await fresh('socket')
      await must('socket', 'cat >>/etc/default/ssh', `SSHD_OPTS='-oX11Forwarding=no -o "DenyUsers nobody sync"'\n`)
      await noSshd()
      const change = await changeFor('socket')
      expect(await login('socket', await addPerson(['socket'], 'ann'))).to.include({ in: true })
      await must('socket', 'systemctl is-active ssh.service')
      const answer = await carryOut('socket', change, { id: newId(), confirmWithin: 3600 })
      expect(answer?.outcome, answer?.detail).to.equal('proven')
    })

    it('asks sshd although its daemon has just ended, and systemd has taken its folder along', async () => {
      await noSshd()
      const said = await must(
        'socket',
        'cat >/run/sshd.sh; . /run/sshd.sh; ask_sshd root /dev/null',
        hostLibrary('sshd'),
      )
      expect(said).to.match(/^permitrootlogin /m)
    })

    everywhere(
      "reads a unit's words as systemd does",
      async (host) => {
        await must(
          host,
          [
            `cat >/run/words.env <<'E'\n# A="no\nA= two words \nB='-o "in quotes"' -x\nC="a \\"b\\" \\c"\n D = x\\\ny\n;E=no\nF=\nE`,
            `cat >/run/systemd/system/words.service <<'E'\n[Service]\nType=oneshot\nRemainAfterExit=yes\nEnvironment="G=g h" A=overruled\n` +
              `EnvironmentFile=/run/words.env\nEnvironmentFile=-/run/nowhere\nStandardOutput=file:/run/words.seen\n` +
              `ExecStart=/usr/bin/printf "%%s\\\\n" -D $A $B \${C} "x\${D}y" $F $E "$G" $$HOME 'it''s' "a \\"b %%u" pre$A \${G}\nE`,
            'systemctl daemon-reload && systemctl start words.service',
          ].join('\n'),
        )
        const words = await must(
          host,
          'cat >/run/words.sh; . /run/words.sh; unit_words words.service',
          hostLibrary('sshd-args'),
        )
        // The program and its format come before what it has printed.
        expect(words.split('\n').slice(2).join('\n')).to.equal(await must(host, 'cat /run/words.seen'))
      },
      ['crypto-command-line', 'cloud-init', 'socket'],
    )
  })
})

function hostLibrary(name: string): string {
  return readFileSync(fileURLToPath(new URL(`../../templates/host/lib/${name}.sh`, import.meta.url)), 'utf8')
}

/** As after a boot that nobody has logged in since. */
async function noSshd(): Promise<void> {
  await must('socket', 'systemctl stop ssh.service 2>/dev/null; rm -rf /run/sshd; ! pgrep -x sshd')
}

async function disable(): Promise<Finished> {
  const done = await bastionctl(
    'disable-mfa',
    ...['--tag', 'Role=bastion', '--yes', '--confirm', 'auto', '--safety-session', 'none'],
  )
  if (done.exitCode !== 0)
    throw new Error(`disable-mfa exited ${String(done.exitCode)}\n${done.stdout}\n${done.stderr}`)
  return done
}

/** All but the newcomer's own, factors, sudo's own mark, and what packages and accounts leave behind: the cache of libraries, the databases' older versions. */
async function files(host: string): Promise<string[]> {
  const all = await tree(host, ['/etc', '/home', '/root', '/usr/local'], false)
  return all.filter(
    (line) =>
      !/\/home\/newcomer|\/\.(?:google_authenticator|sudo_as_admin_successful)|\/etc\/(?:[a-z]+-|ld\.so\.cache)(?:\||$)/.test(
        line,
      ),
  )
}
