/** Whose setting it is that decides, for messages: keywords that OpenSSH has renamed are found by either name. */
import { expect } from 'chai'
import { execa } from 'execa'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { scratchFolder } from '../support/scratch-folder.js'

const library = (name: string): string => fileURLToPath(new URL(`../../templates/host/lib/${name}.sh`, import.meta.url))
const sourced = `. ${library('cases')}; . ${library('sshd-reads')}`

describe('others_set', () => {
  const folder = scratchFolder('set')
  const rows = [
    ['kbdinteractiveauthentication', 'ChallengeResponseAuthentication no'],
    ['challengeresponseauthentication', '-oKbdInteractiveAuthentication=no'],
    ['pubkeyacceptedalgorithms', 'PubkeyAcceptedKeyTypes +ssh-rsa'],
    ['pubkeyacceptedkeytypes', 'PubkeyAcceptedAlgorithms=+ssh-rsa'],
    ['hostbasedacceptedalgorithms', 'HostbasedAcceptedKeyTypes=ssh-rsa'],
    ['requiredrsasize', '-oRSAMinSize=1024'],
    ['x11forwarding', '-oX11Forwarding=yes'],
  ] as const
  for (const [keyword, option] of rows)
    it(`finds ${keyword} in "${option}" of the command line`, async () => {
      const args = path.join(folder(), 'args')
      writeFileSync(args, `-D\n${option}\n`)
      const run = (name: string) =>
        execa('sh', ['-c', `${sourced}; ARGS=$0 WORK=$2; others_set "$1" root`, args, name, folder()])
      expect((await run(keyword)).stdout).to.equal(': the command line of sshd')
      expect((await run('banner')).stdout).not.to.contain('command line')
    })

  /** `rows` are what `settings` finds, place and Match criteria; sshd is one for which those with "yes" in them hold. */
  const named = async (...rows: string[]): Promise<string> => {
    const sshd =
      'sshd_says() { SAID=$WORK/said; echo "hostkey /k" >"$SAID"; }; ask_sshd() { sed -n "/yes/,$ s/MaxS/maxs/p" "$WORK/match"; }'
    const script = `${sourced}; ${sshd}; settings() { cat; }; ARGS=/dev/null WORK=$0; others_set maxsessions root`
    return (await execa('sh', ['-c', script, folder()], { input: rows.map((row) => `${row}\n`).join('') })).stdout
  }

  it('names one line: the first of a Match block that holds, else the first that is in none', async () => {
    expect(await named('/a:1|', '/b:1|no', '/c:1|yes', '/d:1|yes')).to.equal(': /c:1')
    expect(await named('/b:1|no', '/a:1|', '/c:1|')).to.equal(': /a:1')
    expect(await named('/b:1|no')).to.equal('')
  })

  it('names no file of ours', async () => {
    const ours = '/etc/ssh/sshd_config.d/00-bastionctl-mfa.conf:1'
    expect(await named(`${ours}|yes`, `${ours}|`, '/b:1|')).to.equal(': /b:1')
  })
})

describe('settings', () => {
  const folder = scratchFolder('settings')

  it('are found in the order in which sshd reads them, with the Match blocks around them', async () => {
    const texts = {
      main: `Include ${folder()}/[ab].conf\nMaxSessions 1\nMatch User bob # him\n"maxsessions" = "2"\nINCLUDE ${folder()}/c\n#MaxSessions 9\n`,
      'a.conf': 'match="Group" "domain users"\n MaxSessions=3\nMaxSessionsX 9\n',
      'b.conf': '\nMAXSESSIONS 4\nMaxAuthTries 2\n',
      c: 'MaxSessions 5\nMatch Address 10.0.0.0/8\nMaxSessions 6\n',
    }
    for (const [name, text] of Object.entries(texts)) writeFileSync(path.join(folder(), name), text)
    const script = `. ${library('sshd-reads')}; settings '(maxsessions|other)' "$0/main" | sed "s|^$0/||"`
    const { stdout } = await execa('sh', ['-c', script, folder()])
    expect(stdout.split('\n')).to.deep.equal([
      'a.conf:2|"Group" "domain users"',
      'b.conf:2|',
      'main:2|',
      'main:4|User bob',
      'c:1|User bob',
      'c:3|User bob Address 10.0.0.0/8',
    ])
  })
})
