/** How the on-host programs read of keys that stand in no file, without a host. */
import { expect } from 'chai'
import { execa } from 'execa'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { scratchFolder } from '../support/scratch-folder.js'

const library = fileURLToPath(new URL('../../templates/host/lib/logins.sh', import.meta.url))
const line = (at: number, pid: number, rest: string): string => `${String(at)}.1 host sshd[${String(pid)}]: ${rest}`
const from = 'from 192.0.2.1 port 50000 ssh2'

describe('keys of logins that stand in no file', () => {
  const folder = scratchFolder('elsewhere')
  beforeEach(() => {
    mkdirSync(path.join(folder(), 'facts/keys'), { recursive: true })
    for (const name of ['ada', 'bob', 'eve']) writeFileSync(path.join(folder(), 'facts/keys', name), '')
    writeFileSync(path.join(folder(), 'facts/keys/bob'), 'ssh-ed25519|256|SHA256:file||bob@laptop\n')
  })

  /** As inspect.sh has them, with this log. */
  async function elsewhere(...log: readonly string[]): Promise<string[]> {
    writeFileSync(path.join(folder(), 'log.txt'), log.map((text) => `${text}\n`).join(''))
    const script =
      'RUN=$1 F=$1/facts; . "$0"; read_log() { cat "$RUN/log.txt"; }; read_wtmp() { :; }; login_events >"$RUN/events"; elsewhere "$RUN/events"'
    const { stdout } = await execa('sh', ['-c', script, library, folder()])
    return stdout.split('\n').filter(Boolean)
  }

  it('are certificates with their authority, whatever their id says', async () => {
    expect(
      await elsewhere(
        line(1, 7, `Accepted publickey for ada ${from}: ED25519-CERT SHA256:a ID ada (serial 0) CA ED25519 SHA256:ca`),
        line(
          2,
          8,
          `Accepted publickey for bob ${from}: RSA-CERT SHA256:file ID x CA RSA SHA256:no (serial 1) CA ECDSA SHA256:yes`,
        ),
        line(3, 9, `Accepted publickey for eve ${from}: RSA-CERT SHA256:a ID without an authority (serial 1)`),
      ),
    ).to.deep.equal(['ada|ED25519-CERT|SHA256:ca', 'bob|RSA-CERT|SHA256:yes'])
  })

  it('are what a command handed out, once a kind', async () => {
    expect(
      await elsewhere(
        line(1, 7, `Accepted publickey for ada ${from}: ED25519 SHA256:a`),
        line(2, 8, `Accepted publickey for ada ${from}: ED25519 SHA256:b`),
        line(3, 9, `Accepted publickey for bob ${from}: ED25519 SHA256:file`),
        line(4, 10, `Accepted publickey for stranger ${from}: ED25519 SHA256:a`),
      ),
    ).to.deep.equal(['ada|ED25519|'])
  })

  it('are those that a factor came after; not those of a login that went no further, nor what a proof has lent', async () => {
    expect(
      await elsewhere(
        line(1, 7, `Partial publickey for ada ${from}: ED25519-CERT SHA256:a ID ada (serial 0) CA ED25519 SHA256:ca`),
        line(2, 7, `Accepted keyboard-interactive/pam for ada ${from}`),
        line(3, 8, `Partial publickey for eve ${from}: ED25519 SHA256:a`),
        line(4, 9, `Accepted publickey for eve from 127.9.1.2 port 50000 ssh2: ED25519 SHA256:a`),
      ),
    ).to.deep.equal(['ada|ED25519-CERT|SHA256:ca'])
  })

  it('and whom somebody else has vouched for is told by the method', async () => {
    expect(
      await elsewhere(
        line(1, 7, `Accepted gssapi-with-mic for ada ${from}: ada@EXAMPLE.ORG`),
        line(2, 8, `Accepted gssapi-keyex for ada ${from}: ada@EXAMPLE.ORG`),
        line(3, 9, `Accepted hostbased for bob ${from}: RSA SHA256:host, client user "bob", client host "node"`),
        line(4, 9, `Accepted hostbased for bob ${from}: RSA SHA256:host, client user "bob", client host "node"`),
        line(5, 10, `Accepted gssapi-with-mic for eve from 127.9.1.2 port 50000 ssh2: eve@EXAMPLE.ORG`),
      ),
    ).to.deep.equal(['ada|gssapi-keyex|', 'ada|gssapi-with-mic|', 'bob|hostbased|'])
  })
})
