/** Known lock-outs by hardening, provoked: clients as people have them, files as people leave them. */
import { expect } from 'chai'
import { execa } from 'execa'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { findHost, sshArgs } from '../../lab/hosts/index.js'
import {
  addPerson,
  admin,
  bastionctl,
  fresh,
  type Finished,
  login,
  must,
  nextSource,
  type Person,
  until,
  useLab,
} from './harness.js'
import { inTurn } from './support/everywhere.js'
import { lineOf, newKey, only, parsed, succeeded, unattended, whileBroken } from './support/operator.js'
import { difference, state } from './support/snapshot.js'
import { sshdSays as says } from './support/sshd.js'

const hosts = ['deb12', 'deb13'] as const
const onOne = inTurn(hosts)
const harden = (host: string, ...flags: readonly string[]): Promise<Finished> =>
  bastionctl('harden', ...only(host), ...flags)
const strict = async (host: string): Promise<void> => {
  succeeded(await harden(host, '--level', 'strict', ...unattended))
}
const stock = async (host: string): Promise<void> => {
  succeeded(await harden(host, '--level', 'stock', ...unattended))
}

/** ssh with settings that stand before the lab's; by the keys of an agent alone, in its order, where there is one. */
async function client(
  host: string,
  settings: readonly string[],
  agent?: string,
): Promise<{ readonly in: boolean; readonly said: string }> {
  const own = ['LogLevel=INFO', ...settings, ...(agent === undefined ? [] : [`IdentityAgent=${agent}`])]
  const [dashF = '', none = '', ...rest] = sshArgs(host, { from: nextSource() })
  const keyAt = rest.indexOf('-i')
  const others = agent === undefined ? rest : rest.toSpliced(keyAt, 2)
  const args = [dashF, none, ...own.flatMap((setting) => ['-o', setting]), ...others, 'true']
  const { exitCode, stderr } = await execa('ssh', args, { reject: false, stdin: 'ignore' })
  return { in: exitCode === 0, said: stderr }
}

describe('lock-outs by hardening', function () {
  this.timeout('3m')
  useLab(hosts.map((name) => ({ name, factor: true })))
  let folder = ''

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'bastionctl-lockouts-'))
    await addPerson(hosts, 'ann')
  })
  after(() => {
    if (folder !== '') rmSync(folder, { recursive: true })
  })

  onOne(
    'lines get where they apply to everybody, behind an Include that is commented out and in front of a Match block at the end (lockout 5)',
    async (host) => {
      const theirs = 'Match User ann\n  PermitTTY no\n  X11Forwarding yes'
      const main = '/etc/ssh/sshd_config'
      await whileBroken(
        host,
        `cp -p ${main} /srv/ && sed -i 's/^Include/#&/' ${main} && printf '${theirs.replaceAll('\n', '\\n')}\\n' >>${main}`,
        `mv /srv/sshd_config ${main} && systemctl reload ssh`,
        async () => {
          const refused = await harden(host, '--level', 'baseline', ...unattended)
          expect(refused.exitCode, refused.stdout).to.equal(7)
          expect(refused.stderr).to.match(/sshd_config:\d+: "x11forwarding yes"/)
          await must(host, `sed -i '/^  X11Forwarding yes$/d' ${main}`)
          const before = await state(host)
          for (const [verb, ...flags] of [['harden', '--level', 'baseline'], ['enable-mfa']] as const)
            succeeded(await bastionctl(verb, ...only(host), ...flags, '--accept-lockout', 'admin', ...unattended))
          for (const user of ['admin', 'ann', 'root'])
            expect(await says(host, user), user)
              .to.match(/^x11forwarding no$/m)
              .and.match(/^kbdinteractiveauthentication yes$/m)
              .and.match(user === 'ann' ? /^permittty no$/m : /^permittty yes$/m)
          expect(await login(host, admin(), { answer: '' })).to.include({ in: true })
          succeeded(await bastionctl('disable-mfa', ...only(host), ...unattended))
          await stock(host)
          expect(difference(before, await state(host))).to.deep.equal([])
        },
      )
    },
  )

  onOne('lines that end in CR LF are refused, by file and line, and nothing is changed (lockout 6)', async (host) => {
    const main = '/etc/ssh/sshd_config'
    const dropIn = '/etc/ssh/sshd_config.d/50-theirs.conf'
    for (const [file, breaks, mends] of [
      [`${dropIn}:2`, `printf '# theirs\\nPermitTTY yes\\r\\n' >${dropIn}`, `rm ${dropIn}`],
      [`${main}:1`, `cp -p ${main} /srv/ && sed -i 's/$/\\r/' ${main}`, `mv /srv/sshd_config ${main}`],
    ] as const)
      await whileBroken(host, breaks, mends, async () => {
        const before = await state(host)
        const done = await harden(host, '--level', 'baseline', ...unattended)
        expect(done.stderr).to.contain(`${file} has a carriage return (CRLF line ends)`)
        expect(done.exitCode).to.equal(7)
        expect(difference(before, await state(host))).to.deep.equal([])
      })
  })

  onOne(
    "an agent's wrong keys in front of the right one cost the login at strict, and IdentitiesOnly gets it back (lockout 17)",
    async (host) => {
      const agent = path.join(folder, `agent-${host}`)
      const running = execa('ssh-agent', ['-D', '-a', agent], { reject: false })
      const env = { SSH_AUTH_SOCK: agent }
      try {
        await until(
          'the agent',
          10,
          async () => (await execa('ssh-add', ['-l'], { env, reject: false })).exitCode === 1,
        )
        for (const name of ['one', 'two', 'three', 'four']) {
          const file = path.join(folder, `${host}-${name}`)
          await newKey(file, name)
          await execa('ssh-add', ['-q', file], { env })
        }
        await execa('ssh-add', ['-q', admin().key], { env })
        expect(await client(host, ['IdentitiesOnly=no'], agent)).to.include({ in: true })
        const planned = await harden(host, '--level', 'strict', '--dry-run')
        expect(planned.stdout).to.match(
          /note: MaxAuthTries 3: an agent that offers 3 wrong keys first is cut off; its owner sets IdentitiesOnly yes/,
        )
        await strict(host)
        const cut = await client(host, ['IdentitiesOnly=no'], agent)
        expect(cut.said).to.contain('Too many authentication failures')
        expect(cut.in).to.equal(false)
        const itself = ['IdentitiesOnly=yes', `IdentityFile=${admin().key}`]
        expect(await client(host, itself, agent)).to.include({ in: true })
        await stock(host)
      } finally {
        running.kill()
      }
    },
  )

  onOne(
    'whoever knows the Ed25519 host key goes on, whoever knows the ECDSA key alone does not, and who prints what to publish (lockout 18)',
    async (host) => {
      const { address } = findHost(host)
      const known = async (type: string): Promise<string> => {
        const file = path.join(folder, `known-${host}-${type}`)
        writeFileSync(file, (await execa('ssh-keyscan', ['-t', type, address])).stdout + '\n')
        return file
      }
      const knows = { ed25519: await known('ed25519'), ecdsa: await known('ecdsa'), rsa: await known('rsa') }
      const by = (type: keyof typeof knows) => client(host, [`UserKnownHostsFile=${knows[type]}`])
      for (const type of ['ed25519', 'ecdsa'] as const) expect(await by(type), type).to.include({ in: true })

      const shown = parsed('who', await bastionctl('who', ...only(host), '--json'))
      const prints = await Promise.all(
        Object.values(knows).map(async (file) => (await execa('ssh-keygen', ['-lf', file])).stdout.split(' ')[1]),
      )
      expect(
        shown.hosts.flatMap(({ hostKeys = [] }) => hostKeys.map(({ fingerprint }) => fingerprint)),
      ).to.have.members(prints)

      const planned = await harden(host, '--level', 'strict', '--dry-run')
      expect(planned.stdout).to.match(/note: clients that know a host by its ECDSA key will ask anew/)
      await strict(host)
      expect(await by('ed25519')).to.include({ in: true })
      const unknown = await by('ecdsa')
      expect(unknown.said).to.match(/no matching host key type|Host key verification failed/)
      expect(unknown.in).to.equal(false)
      await stock(host)
      expect(await by('ecdsa')).to.include({ in: true })
    },
  )

  onOne(
    'root closed, where nobody else has sudo and a key, is refused whatever is accepted (lockout 19)',
    async (host) => {
      const keys = '/root/.ssh/authorized_keys'
      const admins = '/home/admin/.ssh/authorized_keys'
      const root: Person = { name: 'root', key: admin().key }
      const rootsAlone = `mkdir -p /root/.ssh && touch ${keys} && cp -p ${keys} /srv/roots && cat ${admins} >${keys} && mv ${admins} /srv/admins`
      await whileBroken(host, rootsAlone, `cp -p /srv/roots ${keys}; mv /srv/admins ${admins}`, async () => {
        expect(await login(host, root)).to.include({ in: true })
        const before = await state(host)
        const done = await harden(host, '--level', 'strict', '--accept-lockout', 'root', ...unattended)
        expect(done.stderr).to.match(/no administrator/)
        expect(done.exitCode).to.equal(7)
        expect(difference(before, await state(host))).to.deep.equal([])
        succeeded(await harden(host, '--level', 'baseline', ...unattended))
        expect(await login(host, root)).to.include({ in: true })
        await stock(host)
      })
    },
  )

  it("the operator's address is not penalised for what a run had refused, and the plan says who shares one (lockouts 15 and 16)", async () => {
    const host = 'deb13'
    const planned = await harden(host, '--level', 'strict', '--dry-run')
    expect(planned.stdout).to.match(/note: PerSourcePenalties judges everybody behind one address \(NAT\) together/)
    const ecdsa = path.join(folder, 'ecdsa')
    await newKey(ecdsa, 'ann', 'ecdsa')
    await addPerson([host], 'ann')
    await must(host, 'cat >>/home/ann/.ssh/authorized_keys', readFileSync(`${ecdsa}.pub`, 'utf8'))
    const from = (number: number, key: string) =>
      execa('ssh', [...sshArgs(host, { from: number, key, interactive: true }), 'true'], {
        reject: false,
        stdin: 'ignore',
      })
    try {
      const done = await harden(host, '--level', 'strict', '--accept-lockout', 'ann', ...unattended)
      expect(lineOf(host, done), done.stdout + done.stderr).to.contain(' confirmed')
      const agreed = ['admin', 'ann'].flatMap((name) => ['--accept-lockout', name])
      succeeded(await bastionctl('enable-mfa', ...only(host), ...agreed, ...unattended))
      expect((await from(1, admin().key)).exitCode).to.equal(0)
      // The same sshd does penalise.
      await until('a penalty', 60, async () => /Not allowed|closed by|reset by/.test((await from(2, ecdsa)).stderr))
      expect((await from(2, admin().key)).exitCode).to.equal(255)
      expect((await from(1, admin().key)).exitCode).to.equal(0)
    } finally {
      await fresh(host)
    }
  })
})
