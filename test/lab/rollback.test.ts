/** The way back when somebody asks for it: of a change that waits for its confirm, and of one that was kept. */
import { expect } from 'chai'
import {
  addPerson,
  allOf,
  bastionctl,
  code,
  enable,
  enrol,
  fresh,
  login,
  must,
  type Person,
  sampled,
  sshdStarted,
  until,
  useLab,
} from './harness.js'
import { journalOf, newestChange, stateOf } from './support/drive.js'
import { inTurn, onHosts } from './support/everywhere.js'
import { holdAtRehearsal, letGo, untilHeld } from './support/faults.js'
import { lineOf, only, startAs, whileBroken } from './support/operator.js'
import { managed, remains, snapshot } from './support/remains.js'
import { difference } from './support/snapshot.js'

// The oldest and the newest.
const hosts = sampled('deb11', 'deb13')
const { onAll } = onHosts(hosts)
const onOne = inTurn(hosts)
const selector = ['--tag', 'Role=bastion']
const unattended = ['--yes', '--safety-session', 'none']

describe('roll back', function () {
  this.timeout('4m')
  // All with the factor's package: packages stay, and would be a difference.
  useLab(hosts.map((name) => ({ name, factor: true })))

  let ann: Person
  const secrets = new Map<string, string>()
  const old = new Map<string, readonly string[]>()

  /** Hosts as new, with an enrolled account and modes, owners and times that no file has by chance. */
  async function begin(prepare = ''): Promise<void> {
    await fresh(...hosts)
    ann = await addPerson(hosts, 'ann')
    await onAll(async (host) => {
      secrets.set(host, await enrol(host, ann))
      await must(
        host,
        `chgrp adm /etc/pam.d/sshd && chmod 0640 /etc/pam.d/sshd && touch -d '2001-02-03 04:05:06.789' /etc/pam.d/sshd; ${prepare}`,
      )
      old.set(host, await snapshot(host))
    })
  }

  async function keep(...flags: string[]): Promise<string> {
    await enable('--safety-session', 'none', ...flags)
    return newestChange('deb11')
  }

  async function holdsNew(host: string): Promise<void> {
    expect(await login(host, ann), 'key alone').to.include({ in: false })
    expect(await login(host, ann, { answer: code(secrets.get(host) ?? '') }), 'key and code').to.include({ in: true })
  }

  /** The folder of records and of the lock, if it is there. */
  const record = (host: string): Promise<string> => must(host, 'ls -d /var/lib/bastionctl 2>/dev/null; true')

  /** Everything as before, nothing left but the record, and the old login works. */
  async function holdsOld(host: string, id: string): Promise<void> {
    expect(difference(old.get(host) ?? [], await snapshot(host))).to.deep.equal([])
    expect(await remains(host)).to.deep.equal([])
    expect(await login(host, ann)).to.deep.include({ in: true, prompts: [] })
    expect(await stateOf(host, id)).to.include({ state: 'rolled-back' })
    const record = await must(host, `ls /var/lib/bastionctl/changes/${id}`)
    expect(record.split('\n')).to.include.members(['manifest', 'before', 'after', 'state', 'journal', 'transcript'])
  }

  describe('of a pending change', () => {
    let id = ''
    starting('', async () => {
      const done = await bastionctl('enable-mfa', ...selector, ...unattended, '--confirm', 'later')
      expect(done.exitCode, done.stdout + done.stderr).to.equal(0)
      id = await newestChange('deb11')
      await onAll(holdsNew)
    })

    it('undoes the newest run of this machine', async () => {
      const done = await bastionctl('rollback')
      expect(done.exitCode, done.stdout + done.stderr).to.equal(0)
      expect(done.stdout).to.match(allOf(hosts, 'rolled back'))
      await onAll((host) => holdsOld(host, id))
    })

    it('asked for again, says when it was done and by whom', async () => {
      const done = await bastionctl('rollback', id)
      expect(done.exitCode, done.stdout + done.stderr).to.equal(0)
      expect(done.stdout).to.match(/deb11 .*rolled back at \d\d:\d\d:\d\dZ: asked for by root@/)
      await onAll((host) => holdsOld(host, id))
    })

    it('comes before a confirm, which then says so', async () => {
      const done = await bastionctl('confirm', id)
      expect(done.exitCode, done.stdout + done.stderr).to.equal(16)
      expect(done.stdout).to.match(/deb11 .*rolled back at \d\d:\d\d:\d\dZ/)
      await onAll((host) => holdsOld(host, id))
    })
  })

  describe('of a pending change, one of whose files somebody has edited', () => {
    let id = ''
    const edited = '/etc/pam.d/sshd'
    let theirs = ''
    starting('', async () => {
      await bastionctl('enable-mfa', ...selector, ...unattended, '--confirm', 'later')
      id = await newestChange('deb11')
      await onAll(async (host) => {
        await must(host, `echo '# a line of theirs' >>${edited}`)
      })
      theirs = await must('deb11', `cat ${edited}`)
    })

    it('is not confirmed: what is there was never proven', async () => {
      const done = await bastionctl('confirm', id)
      expect(done.exitCode, done.stdout + done.stderr).to.equal(14)
      expect(done.stdout).to.match(/\/etc\/pam\.d\/sshd was changed since the proof/)
      expect(done.stdout).to.include('+# a line of theirs')
      await onAll(async (host) => {
        expect(await stateOf(host, id)).to.include({ state: 'proven' })
      })
    })

    it('keeps their file aside, names it, and goes back', async () => {
      const done = await bastionctl('rollback', ...selector)
      expect(done.exitCode, done.stdout + done.stderr).to.equal(0)
      const kept = `/var/lib/bastionctl/changes/${id}/aside/_etc_pam.d_sshd`
      expect(done.stdout).to.include(`${edited} in /var/lib/bastionctl/changes/${id}/aside`)
      expect(await must('deb11', `cat ${kept}`)).to.equal(theirs)
      await onAll(async (host) => {
        expect(await must(host, `cat ${kept}`)).to.include('# a line of theirs')
        expect(await journalOf(host, id)).to.include(`changed by somebody else: ${edited}, kept as ${kept}`)
        await holdsOld(host, id)
      })
    })
  })

  describe('of a confirmed change', () => {
    let id = ''
    starting('', async () => {
      id = await keep()
      await onAll(async (host) => {
        expect(await stateOf(host, id)).to.include({ state: 'confirmed' })
        expect(await remains(host)).to.deep.equal([])
        await holdsNew(host)
      })
    })

    it('stops where somebody has edited a file since, and shows the difference', async () => {
      const sshd = new Map<string, string>()
      const present = new Map<string, readonly string[]>()
      await onAll(async (host) => {
        await must(host, "sed -i '1i # a line of theirs' /etc/pam.d/sshd")
        sshd.set(host, await sshdStarted(host))
        present.set(host, await snapshot(host))
      })
      const done = await bastionctl('rollback', id)
      expect(done.exitCode, done.stdout + done.stderr).to.equal(9)
      for (const host of hosts)
        expect(done.stdout).to.match(new RegExp(`${host} .*/etc/pam\\.d/sshd was changed after the confirm`))
      expect(done.stdout).to.include('+# a line of theirs')
      await onAll(async (host) => {
        expect(difference(present.get(host) ?? [], await snapshot(host))).to.deep.equal([])
        expect(await remains(host)).to.deep.equal([])
        expect(await sshdStarted(host)).to.equal(sshd.get(host))
        expect(await stateOf(host, id)).to.include({ state: 'confirmed' })
        await must(host, `cp -p /var/lib/bastionctl/changes/${id}/after/etc/pam.d/sshd /etc/pam.d/sshd`)
      })
    })

    it('is not touched where nobody can be asked and --yes is not given', async () => {
      const present = new Map<string, readonly string[]>()
      await onAll(async (host) => {
        present.set(host, await snapshot(host))
      })
      const done = await bastionctl('rollback', ...selector)
      expect(done.exitCode, done.stdout + done.stderr).to.equal(3)
      expect(done.stderr).to.match(/^nobody can be asked whether to undo what was confirmed.*\ngive --yes$/m)
      expect(done.stdout).to.match(new RegExp(`deb11 .*confirmed +${id}: enable mfa .*, by root@.*; left as it is`))
      await onAll(async (host) => {
        expect(difference(present.get(host) ?? [], await snapshot(host))).to.deep.equal([])
        expect(await remains(host)).to.deep.equal([])
        expect(await stateOf(host, id)).to.include({ state: 'confirmed' })
      })
    })

    it('undoes it by selector, and says what it was', async () => {
      const done = await bastionctl('rollback', ...selector, '--yes')
      expect(done.exitCode, done.stdout + done.stderr).to.equal(0)
      expect(done.stdout).to.match(
        new RegExp(`deb11 .*rolled back +undid ${id}: enable mfa .*, by root@\\S+, confirmed `),
      )
      await onAll((host) => holdsOld(host, id))
    })

    it('asked for again, says that nothing is left to undo and exits 0', async () => {
      const done = await bastionctl('rollback', ...selector, '--yes')
      expect(done.exitCode, done.stdout + done.stderr).to.equal(0)
      expect(done.stdout).to.match(
        new RegExp(`deb11 .*nothing left to undo: change ${id} was rolled back at \\d\\d:\\d\\d:\\d\\dZ`),
      )
      await onAll((host) => holdsOld(host, id))
    })

    it('keeps the transcript of the logins beside what came later', async () => {
      await onAll(async (host) => {
        const transcript = await must(host, `cat /var/lib/bastionctl/changes/${id}/transcript`)
        expect(transcript)
          .to.match(/^outcome=proven$/m)
          .and.match(/^login=.*\|prove\|/m)
          .and.match(/^offer=after\|/m)
        expect(transcript)
          .to.match(/^outcome=confirmed$/m)
          .and.match(/^outcome=rolled-back-as-asked$/m)
      })
    })
  })

  describe('of a confirmed change, behind which a key is accepted no longer', () => {
    const theirs = '/etc/ssh/sshd_config.d/99-theirs.conf'
    before(async () => {
      await begin()
      await keep()
    })

    onOne('needs hands, and says whose key', async (host) => {
      // In force with the reload that goes with the way back.
      await whileBroken(host, `echo 'DenyUsers ann' >${theirs}`, `rm -f ${theirs}; systemctl reload ssh`, async () => {
        const done = await bastionctl('rollback', ...only(host), '--yes')
        expect(done.stdout).to.match(/put back, but these keys are accepted no longer: ann SHA256:/)
        expect(done.exitCode).to.equal(15)
      })
    })
  })

  describe('of several changes', () => {
    let first = ''
    let second = ''
    starting('', async () => {
      first = await keep()
      await onAll(async (host) => must(host, 'groupadd robots').then(() => undefined))
      await onAll(async (host) => {
        old.set(`${host} between`, await snapshot(host))
      })
      second = await keep('--exempt-group', 'robots')
      expect(second).not.to.equal(first)
    })

    it('takes the newest first', async () => {
      const refused = await bastionctl('rollback', first)
      expect(refused.exitCode, refused.stdout + refused.stderr).to.equal(7)
      expect(refused.stdout).to.match(new RegExp(`deb11 .*change ${second} came later: roll that back first`))

      const newest = await bastionctl('rollback', second, '--yes')
      expect(newest.exitCode, newest.stdout + newest.stderr).to.equal(0)
      await onAll(async (host) => {
        expect(difference(old.get(`${host} between`) ?? [], await snapshot(host))).to.deep.equal([])
        expect(await stateOf(host, first)).to.include({ state: 'confirmed' })
        await must(host, 'groupdel robots')
      })

      const rest = await bastionctl('rollback', first, '--yes')
      expect(rest.exitCode, rest.stdout + rest.stderr).to.equal(0)
      await onAll((host) => holdsOld(host, first))
    })
  })

  describe('of edits in sshd_config itself, on hosts whose account databases have no older versions', () => {
    const prepare = [
      "sed -i 's/^Include/#Include/' /etc/ssh/sshd_config",
      'chmod 0600 /etc/ssh/sshd_config',
      "touch -d '2002-03-04 05:06:07.891' /etc/ssh/sshd_config",
      'rm -f /etc/passwd- /etc/shadow- /etc/group- /etc/gshadow- /etc/subuid- /etc/subgid- /etc/subuid /etc/subgid',
    ]
    starting(prepare.join('; '), async () => undefined)

    it('leaves owner, mode and time as they were, and no trace of the throw-away account', async () => {
      const id = await keep()
      await onAll(async (host) => {
        expect(await must(host, 'cat /etc/ssh/sshd_config')).to.include('AuthenticationMethods')
        expect(await must(host, `stat -c %a ${managed[3]}`)).to.equal('600\n')
        await holdsNew(host)
      })
      const done = await bastionctl('rollback', id, '--yes')
      expect(done.exitCode, done.stdout + done.stderr).to.equal(0)
      await onAll((host) => holdsOld(host, id))
    })
  })

  describe('of what cannot be put back as it was (lockout 51)', () => {
    const stash = (id: string): string => `/etc/.bastionctl/${id}`
    const copy = (id: string): string => `/var/lib/bastionctl/changes/${id}/before/etc/pam.d/sshd`
    let id = ''
    beforeEach(async () => {
      await begin()
      const done = await bastionctl('enable-mfa', ...selector, ...unattended, '--confirm', 'later')
      expect(done.exitCode, done.stdout + done.stderr).to.equal(0)
      id = await newestChange('deb11')
    })

    it('takes the second copy where the first is damaged', async () => {
      await onAll(async (host) => {
        await must(host, `for file in ${stash(id)}/*; do : >"$file"; done`)
      })
      const done = await bastionctl('rollback', id)
      expect(done.exitCode, done.stdout + done.stderr).to.equal(0)
      await onAll((host) => holdsOld(host, id))
    })

    it('puts nothing damaged in a good file’s place, says so, and is done once it can be', async () => {
      await onAll(async (host) => {
        await must(host, `rm ${stash(id)}/*; cp -p ${copy(id)} /srv/; : >${copy(id)}`)
      })
      const done = await bastionctl('rollback', id)
      expect(done.exitCode, done.stdout + done.stderr).to.equal(15)
      await onAll(async (host) => {
        expect(await must(host, 'cat /etc/pam.d/sshd')).to.include('bastionctl-mfa')
        // Each try reloads sshd, which then does not listen for a moment.
        await until('sshd is back already', 10, async () => (await login(host, ann)).in)
        expect(await journalOf(host, id)).to.include('cannot restore yet: /etc/pam.d/sshd')
        await must(host, `cp -p /srv/sshd ${copy(id)}`)
        await until('the next try', 60, async () => (await stateOf(host, id)).state === 'rolled-back')
        await until('nothing left', 20, async () => (await remains(host)).length === 0)
        await holdsOld(host, id)
      })
    })
  })

  describe('on hosts without a change', () => {
    const nothing = 'nothing to undo: no change is recorded on this host'

    it('says so, exits 0 and leaves nothing', async () => {
      await fresh(...hosts)
      const done = await bastionctl('rollback', ...selector)
      expect(done.exitCode, done.stdout + done.stderr).to.equal(0)
      expect(done.stdout.split(nothing)).to.have.length(hosts.length + 1)
      for (const host of hosts) expect(await record(host), host).to.equal('')
    })

    onOne('waits for one at work, which then is refused, and neither leaves anything', async (host) => {
      await fresh(host)
      const present = await snapshot(host)
      await holdAtRehearsal(host)
      const change = startAs({}, 'enable-mfa', '--tag', `Name=${host}`, ...unattended, '--confirm', 'auto')
      await untilHeld(host)
      await must(host, 'stat -c %a /home/admin >/srv/mode && chmod 0777 /home/admin')
      const undo = startAs({}, 'rollback', '--tag', `Name=${host}`)
      await until('it waits for the lock', 60, async () => (await must(host, 'pgrep -x flock; true')) !== '')
      await letGo(host)
      expect(lineOf(host, await change)).to.match(/ refused \| .*\/home\/admin is writable by others/)
      expect((await undo).stdout).to.contain(nothing)
      await must(host, 'chmod "$(cat /srv/mode)" /home/admin')
      expect(await record(host)).to.equal('')
      expect(difference(present, await snapshot(host))).to.deep.equal([])
    })
  })

  onOne('a place that no rename reaches is refused before anything is touched (lockout 51)', async (host) => {
    await fresh(host)
    await must(host, 'cp -a /etc/pam.d /srv/ && mount --bind /srv/pam.d /etc/pam.d')
    const present = await snapshot(host)
    const done = await bastionctl('enable-mfa', '--tag', `Name=${host}`, ...unattended, '--confirm', 'auto')
    expect(done.exitCode, done.stdout + done.stderr).to.equal(11)
    expect(done.stdout).to.match(/cannot be put back by a rename/)
    expect(difference(present, await snapshot(host))).to.deep.equal([])
    expect(await remains(host)).to.deep.equal([])
    expect(await record(host)).to.equal('')
  })

  onOne('a symbolic link in a file’s place is refused before anything is touched', async (host) => {
    await fresh(host)
    await must(host, 'mv /etc/pam.d/sshd /etc/pam.d/real && ln -s real /etc/pam.d/sshd')
    const present = await snapshot(host)
    const done = await bastionctl('enable-mfa', '--tag', `Name=${host}`, ...unattended, '--confirm', 'auto')
    expect(done.exitCode, done.stdout + done.stderr).to.equal(11)
    expect(done.stdout).to.match(/\/etc\/pam\.d\/sshd is a symbolic link/)
    expect(difference(present, await snapshot(host))).to.deep.equal([])
    expect(await remains(host)).to.deep.equal([])
    expect(await record(host)).to.equal('')
  })

  /** Hosts for the tests of one `describe`. */
  function starting(prepare: string, then: () => Promise<void>): void {
    before('hosts as new', async function () {
      this.timeout('4m')
      await begin(prepare)
      await then()
    })
  }
})
