/** Whose setting it is that decides, for messages: keywords that OpenSSH has renamed are found by either name. */
import { expect } from 'chai'
import { execa } from 'execa'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const library = fileURLToPath(new URL('../../templates/host/lib/cases.sh', import.meta.url))

describe('others_set', () => {
  const rows = [
    ['kbdinteractiveauthentication', 'ChallengeResponseAuthentication no'],
    ['challengeresponseauthentication', '-oKbdInteractiveAuthentication=no'],
    ['pubkeyacceptedalgorithms', 'PubkeyAcceptedKeyTypes +ssh-rsa'],
    ['pubkeyacceptedkeytypes', 'PubkeyAcceptedAlgorithms=+ssh-rsa'],
    ['hostbasedacceptedalgorithms', 'HostbasedAcceptedKeyTypes=ssh-rsa'],
    ['x11forwarding', '-oX11Forwarding=yes'],
  ] as const
  for (const [keyword, option] of rows)
    it(`finds ${keyword} in "${option}" of the command line`, async () => {
      const folder = mkdtempSync(path.join(tmpdir(), 'bastionctl-args-'))
      try {
        const args = path.join(folder, 'args')
        writeFileSync(args, `-D\n${option}\n`)
        const run = (name: string) => execa('sh', ['-c', '. "$0"; ARGS=$1; others_set "$2"', library, args, name])
        expect((await run(keyword)).stdout).to.equal(': the command line of sshd')
        expect((await run('banner')).stdout).not.to.contain('command line')
      } finally {
        rmSync(folder, { recursive: true })
      }
    })
})
