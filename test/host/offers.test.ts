/** What an offer's log says; of whom the rehearsal says that no key is left, whether it finds an administrator, and whose lost keys it lets pass, by what sshd has answered to all keys. */
import { expect } from 'chai'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { scratchFolder } from '../support/scratch-folder.js'

const library = fileURLToPath(new URL('../../templates/host/lib/offers.sh', import.meta.url))
const client = fileURLToPath(new URL('../../templates/host/lib/login.sh', import.meta.url))

describe('offers', () => {
  const folder = scratchFolder('offers')
  beforeEach(() => {
    mkdirSync(path.join(folder(), 'data'))
  })

  const put = (files: Readonly<Record<string, readonly string[]>>): void => {
    for (const [name, rows] of Object.entries(files))
      writeFileSync(path.join(folder(), name), rows.map((line) => `${line}\n`).join(''))
  }

  describe('offer', () => {
    const offering = 'debug1: Offering public key: /offer-1 DSA SHA256:1 explicit'
    const denied = 'ann@rehearsal: Permission denied (publickey).'
    /** What it makes of ssh's log, and how often it has asked. */
    function said(...log: string[]): string {
      put({ log, asked: [] })
      const script = `RUN=$1; WORK=$1; ARGS=; . "$0"; sleep() { :; }; timeout() { shift; "$@"; }
        ssh() { echo >>"$RUN/asked"; cat "$RUN/log" >&2; }
        offer view ann 'ssh-dss AAAA' SHA256:1 1; grep -c '' "$RUN/asked"`
      return execFileSync('sh', ['-c', script, library, folder()], { encoding: 'utf8' }).trim().replace('\n', ' ')
    }

    it('takes for refused what was offered, or what an sshd does not get to that takes no keys', () => {
      expect(said(offering, 'debug1: Server accepts key: /offer-1', denied)).to.equal('ann|SHA256:1|accepted 1')
      expect(said(offering, denied)).to.equal('ann|SHA256:1|refused 1')
      expect(said('ann@rehearsal: Permission denied (password).')).to.equal('ann|SHA256:1|refused 1')
      expect(said(denied)).to.equal('ann|SHA256:1|unoffered 1')
    })

    it('asks a second time where nothing was said', () => {
      expect(said('Connection closed by UNKNOWN port 65535')).to.equal('ann|SHA256:1|unknown 2')
    })

    it('is by a client that takes all kinds of keys that its ssh knows, and signs by none sooner than before', () => {
      const ssh = (...args: string[]): string => execFileSync('ssh', args, { encoding: 'utf8' })
      const accepted = (config: string): string[] =>
        (/^pubkeyaccepted\w+ (.*)$/m.exec(ssh('-F', config, '-G', 'localhost'))?.[1] ?? '').split(',')
      const script = 'digits() { echo 1; }; . "$0"; client_config'
      writeFileSync(path.join(folder(), 'config'), execFileSync('sh', ['-c', script, client]))
      const [before, now] = [accepted('none'), accepted(path.join(folder(), 'config'))]
      expect(now.slice(0, before.length)).to.deep.equal(before)
      expect(now).to.include.members(ssh('-Q', 'sig').trim().split('\n'))
    })
  })

  describe('administrator_left', () => {
    // What becomes_root says of each.
    const says = { ann: 'yes', bob: 'no-password', cy: 'unknown', dee: 'no' }
    function left(admins: readonly string[], answers: readonly string[]): boolean {
      put({ 'data/admins': admins, answers })
      const script = `RUN=$1; . "$0"; id() { echo 1000; };
        becomes_root() { case $1 in ${Object.entries(says)
          .map(([name, word]) => `${name}) echo ${word} ;;`)
          .join(' ')} esac; }
        administrator_left "$RUN/answers" "$RUN/none"`
      return spawnSync('sh', ['-c', script, library, folder()]).status === 0
    }

    it('takes a key that the plan counts on, and no other one of the account', () => {
      expect(left(['ann|SHA256:1'], ['ann|SHA256:1|accepted'])).to.equal(true)
      expect(left(['ann|SHA256:1'], ['ann|SHA256:1|refused', 'ann|SHA256:2|accepted'])).to.equal(false)
      expect(left(['ann|SHA256:1'], ['ann|SHA256:1|unknown'])).to.equal(false)
      expect(left(['ann|SHA256:1', 'cy|SHA256:3'], ['ann|SHA256:1|refused', 'cy|SHA256:3|accepted'])).to.equal(true)
    })

    it('does not know where the plan counts on none, and takes any key of an account that is named alone', () => {
      expect(left([], [])).to.equal(true)
      expect(left(['ann'], ['ann|SHA256:9|accepted'])).to.equal(true)
      expect(left(['ann'], ['ann|SHA256:9|refused'])).to.equal(false)
    })

    it('takes nobody whom sudo does not make root, unless the account is named alone', () => {
      for (const name of ['bob', 'dee']) {
        expect(left([`${name}|SHA256:1`], [`${name}|SHA256:1|accepted`]), name).to.equal(false)
        expect(left([name], [`${name}|SHA256:1|accepted`]), name).to.equal(true)
      }
      expect(left(['bob|SHA256:1', 'ann|SHA256:2'], ['bob|SHA256:1|accepted', 'ann|SHA256:2|accepted'])).to.equal(true)
    })
  })

  describe('keyless', () => {
    function keyless(spared: readonly string[], answers: readonly string[], accept: readonly string[] = []): string[] {
      put({ 'data/spared': spared, 'data/accept': accept, answers })
      const script = 'RUN=$1; . "$0"; keyless "$RUN/answers"'
      return execFileSync('sh', ['-c', script, library, folder()], { encoding: 'utf8' }).split('\n').filter(Boolean)
    }

    it('names who was spared and has no key that sshd accepts, or has not answered to', () => {
      const answers = ['a|SHA256:1|refused', 'a|SHA256:2|accepted', 'b|SHA256:3|refused', 'c|SHA256:4|unknown']
      expect(keyless(['a|', 'b|', 'c|', 'd|'], answers)).to.deep.equal(['b', 'c', 'd'])
      expect(keyless(['b|'], [])).to.deep.equal(['b'])
    })

    it('counts no key that only runs a command', () => {
      const answers = ['a|SHA256:1|accepted', 'b|SHA256:1|accepted', 'b|SHA256:3|accepted']
      expect(keyless(['a|SHA256:1,SHA256:2', 'b|SHA256:1,SHA256:2'], answers)).to.deep.equal(['a'])
    })

    it('names nobody who was agreed to, and nobody at all where nobody was spared', () => {
      expect(keyless(['a|', 'b|'], [], ['b'])).to.deep.equal(['a'])
      expect(keyless([], ['a|SHA256:1|refused'])).to.deep.equal([])
    })
  })

  it('lost is what was accepted and is not surely so any more, of each account by itself', () => {
    put({
      before: [
        'a|SHA256:1|accepted',
        'a|SHA256:2|accepted',
        'a|SHA256:3|accepted',
        'b|SHA256:1|accepted',
        'c|SHA256:4|refused',
      ],
      after: [
        'a|SHA256:1|refused',
        'a|SHA256:2|unknown',
        'a|SHA256:3|accepted',
        'c|SHA256:4|refused',
        'd|SHA256:5|refused',
      ],
    })
    const script = '. "$0"; lost_offers "$1/before" "$1/after"'
    const lost = execFileSync('sh', ['-c', script, library, folder()], { encoding: 'utf8' })
    expect(lost).to.equal('a|SHA256:1\na|SHA256:2\nb|SHA256:1\n')
  })

  it('settled lets pass a key, or all of an account, that was agreed to', () => {
    const unsettled = (accept: readonly string[], lost: readonly string[]): string => {
      put({ 'data/accept': accept, lost, after: [] })
      const script = 'RUN=$1; . "$0"; settled "$RUN/lost" "$RUN/after"; printf %s "$UNSETTLED"'
      return execFileSync('sh', ['-c', script, library, folder()], { encoding: 'utf8' })
    }
    expect(unsettled(['ann'], ['ann|SHA256:1', 'ann|SHA256:2'])).to.equal('')
    expect(unsettled(['ann|SHA256:1'], ['ann|SHA256:1', 'ann|SHA256:2'])).to.equal('ann SHA256:2')
    expect(unsettled([], ['ann|SHA256:1'])).to.equal('ann SHA256:1')
  })
})
