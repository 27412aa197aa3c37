/** Settings of others: refused by file and line where they would undo the factor, left alone where they do not. */
import { expect } from 'chai'
import { digestText } from '../../../src/domain/digest.js'
import type { Facts } from '../../../src/domain/facts.js'
import { draft } from '../../../src/features/index.js'
import { file, policy, stockFacts, type Distro } from '../facts.js'

const main = '/etc/ssh/sshd_config'
const pam = '/etc/pam.d/sshd'
const made = (facts: Facts) => draft(policy(), facts)

/** A host with the files replaced or added. */
function having(texts: Record<string, string>, distro: Distro = 'debian-12'): Facts {
  const facts = stockFacts(distro)
  return {
    ...facts,
    files: [
      ...facts.files.filter(({ path }) => !(path in texts)),
      ...Object.entries(texts).map(([path, text]) => file(path, text)),
    ],
  }
}
const text = (path: string, distro: Distro = 'debian-12') =>
  stockFacts(distro).files.find((one) => one.path === path)?.content ?? ''
const appended = (lines: string, distro: Distro = 'debian-12') => having({ [main]: text(main, distro) + lines }, distro)
const dropIn = (name: string, lines: string) => having({ [`/etc/ssh/sshd_config.d/${name}`]: lines })
const started = (...args: string[]) => stockFacts('debian-12', { sshd: { ...stockFacts().sshd, args } })

describe('settings of others in sshd', () => {
  for (const [what, facts, where] of [
    [
      'lockout 3: a drop-in that sorts first switches keyboard-interactive off',
      dropIn('00-a.conf', '\nKbdInteractiveAuthentication no\n'),
      '/etc/ssh/sshd_config.d/00-a.conf:2: "kbdinteractiveauthentication no"',
    ],
    [
      'lockout 4: the old name of the same',
      dropIn('00-a.conf', 'ChallengeResponseAuthentication no\n'),
      '/etc/ssh/sshd_config.d/00-a.conf:1',
    ],
    [
      'a drop-in that sorts first demands something else',
      dropIn('00-a.conf', 'AuthenticationMethods publickey\n'),
      '00-a.conf:1: "authenticationmethods publickey" comes before',
    ],
    [
      'lockout 3: what a drop-in that sorts first includes from elsewhere',
      having({
        '/etc/ssh/sshd_config.d/00-a.conf': 'Include /etc/ssh/corp/*.conf\n',
        '/etc/ssh/corp/x.conf': 'UsePAM no\n',
      }),
      '/etc/ssh/corp/x.conf:1: "usepam no" comes before',
    ],
    [
      'lockout 3: what is included in front of the drop-ins by the same line',
      having({
        [main]: text(main).replace(/^Include .*$/m, 'Include /etc/ssh/corp/*.conf /etc/ssh/sshd_config.d/*.conf'),
        '/etc/ssh/corp/x.conf': 'PubkeyAuthentication no\n',
      }),
      '/etc/ssh/corp/x.conf:1: "pubkeyauthentication no"',
    ],
    ['a drop-in that sorts first switches PAM off', dropIn('00-a.conf', 'UsePAM no\n'), '00-a.conf:1'],
    [
      'lockout 8: the command line of sshd',
      started('-D', '-o', 'KbdInteractiveAuthentication=no'),
      'the command line of sshd: "kbdinteractiveauthentication no"',
    ],
    ['lockout 8: the same in one word', started('-D', '-oUsePAM=no'), 'the command line of sshd: "usepam no"'],
    [
      'lockout 8: the same with a blank',
      started('-D', '-o', 'AuthenticationMethods any'),
      'the command line of sshd: "authenticationmethods any"',
    ],
    ['another main file', started('-D', '-f', '/etc/ssh/other'), 'sshd runs with "-f /etc/ssh/other"'],
    [
      'a factor of somebody else, even where ours would win',
      appended('AuthenticationMethods publickey,password\n'),
      `${main}:122`,
    ],
    [
      'a Match that demands something else',
      dropIn('60-x.conf', 'Match User bob\n  AuthenticationMethods any\n'),
      '60-x.conf:2: "authenticationmethods any"',
    ],
    [
      'a Match that switches keyboard-interactive off',
      dropIn('60-x.conf', 'Match User bob\n  KbdInteractiveAuthentication no\n'),
      '60-x.conf:2',
    ],
    ['public keys off', dropIn('60-x.conf', 'PubkeyAuthentication no\n'), '60-x.conf:1'],
    ['another PAM service', appended('PAMServiceName login\n'), 'makes PAM read another file'],
    ['lockout 6: CRLF', dropIn('60-x.conf', 'Port 22\r\n'), '60-x.conf:1 has a carriage return'],
  ] as const) {
    it(`${what}: refused, by file and line`, () => {
      const shown = where.replace(`${main}:122`, `${main}:${text(main).split('\n').length}`)
      expect(() => made(facts))
        .to.throw(shown)
        .with.property('exit', 'refused')
    })
  }

  for (const [what, facts] of [
    ['the same value in front', dropIn('00-a.conf', 'KbdInteractiveAuthentication yes\nUsePAM yes\n')],
    [
      'what comes behind ours',
      dropIn('50-cloud-init.conf', 'PasswordAuthentication no\nKbdInteractiveAuthentication no\nUsePAM no\n'),
    ],
    [
      'a Match that demands the key only and has keyboard-interactive off',
      dropIn('60-x.conf', 'Match User bob\n  AuthenticationMethods publickey\n  KbdInteractiveAuthentication no\n'),
    ],
    [
      'EC2 Instance Connect on the command line',
      started(
        '-D',
        '-o',
        'AuthorizedKeysCommand=/usr/share/ec2-instance-connect/eic_run_authorized_keys %u %f',
        '-o',
        'AuthorizedKeysCommandUser=ec2-instance-connect',
      ),
    ],
    ['the crypto policy of RHEL 8 on the command line', started('-D', '-oCiphers=aes256-gcm@openssh.com', '-oMACs=x')],
    ['its usual file by name', started('-D', '-f', '/etc/ssh/sshd_config')],
    ['the service name that is the default', appended('PAMServiceName sshd\n')],
  ] as const) {
    it(`${what}: left alone`, () => {
      expect(made(facts).files.map(({ path }) => path)).to.include('/etc/ssh/sshd_config.d/00-bastionctl-mfa.conf')
    })
  }

  it('lockout 5: an Include that comes late, or inside a Match, is none to rely on', () => {
    for (const late of [`Port 22\n${text(main)}`, 'Match all\nInclude /etc/ssh/sshd_config.d/*.conf\n']) {
      const byPath = new Map(made(having({ [main]: late })).files.map((one) => [one.path, one.content]))
      expect(byPath.get('/etc/ssh/sshd_config.d/00-bastionctl-mfa.conf')).to.equal(null)
      expect(byPath.get(main)).to.match(/^# BEGIN bastionctl mfa/)
    }
  })

  it('a block of ours in the main file goes when the Include has come', () => {
    const blocks =
      made(having({ [main]: `Port 22\n${text(main)}` })).files.find(({ path }) => path === main)?.content ?? ''
    const fixed = having({ [main]: blocks.replace('Port 22\n', '') })
    expect(made(fixed).files.find(({ path }) => path === main)?.content).to.equal(text(main))
  })

  it('a host without a readable sshd_config is unfit', () => {
    expect(() => made({ ...stockFacts(), files: [] }))
      .to.throw('/etc/ssh/sshd_config is not there')
      .with.property('exit', 'host-unfit')
  })
})

describe('settings of others in pam.d/sshd', () => {
  for (const [what, lines, why] of [
    [
      'a factor by hand',
      'auth required pam_google_authenticator.so nullok',
      'asks for a password or a factor of its own',
    ],
    ['another factor', 'auth sufficient /usr/lib64/security/pam_duo.so', 'asks for a password or a factor of its own'],
    [
      'lockout 33: a jump that would skip the factor',
      'auth [success=1 default=ignore] pam_access.so',
      'skips lines by number',
    ],
  ] as const) {
    it(`${what}: refused, by line`, () => {
      expect(() => made(having({ [pam]: `${lines}\n${text(pam)}` })))
        .to.throw(`${pam}:1: "${lines}" ${why}`)
        .with.property('exit', 'refused')
    })
  }

  it('no line that asks for the password, as the AWS guide leaves it: refused, naming the line', () => {
    const edited = text(pam, 'rhel-9').replace('auth       substack', '#auth       substack')
    expect(() => made(having({ [pam]: edited }, 'rhel-9')))
      .to.throw('has no line "auth substack password-auth"')
      .with.property('exit', 'refused')
  })

  it('a line that may let people in without the factor: said', () => {
    const facts = having({ [pam]: `auth sufficient pam_ssh_agent_auth.so\n${text(pam)}` })
    expect(made(facts).notes).to.include(
      `${pam}:1 "auth sufficient pam_ssh_agent_auth.so" may let people in without the factor`,
    )
  })

  it('lines of the distribution around it: kept in place', () => {
    const facts = having(
      { [pam]: `auth required pam_sepermit.so\n${text(pam, 'rhel-9')}-auth optional pam_reauthorize.so prepare\n` },
      'rhel-9',
    )
    const content = made(facts).files.find(({ path }) => path === pam)?.content ?? ''
    expect(content.split('\n').filter((line) => /^-?auth/.test(line))).to.deep.equal([
      'auth required pam_sepermit.so',
      'auth       substack     bastionctl-mfa',
      'auth       include      postlogin',
      '-auth optional pam_reauthorize.so prepare',
    ])
  })
})

describe('what the change declares that it read', () => {
  it('covers sshd, the folder, every file and group (G5)', () => {
    const facts = having({
      [main]: `${text(main)}Include /etc/ssh/extra.conf\n`,
      '/etc/ssh/extra.conf': '# nothing yet\n',
    })
    const { reads } = draft(policy({ exemptGroups: ['robots'] }), facts)
    expect(reads.map(({ kind, name }) => `${kind} ${name}`)).to.deep.equal([
      'sshd version',
      'sshd args',
      'folder /etc/ssh/sshd_config.d',
      `file ${main}`,
      'file /etc/ssh/extra.conf',
      `file ${pam}`,
      'file /etc/pam.d/bastionctl-mfa',
      'file /etc/profile.d/bastionctl-mfa-enrol.sh',
      'file /usr/local/sbin/bastionctl-mfa-enrol',
      'file /etc/sudoers.d/zz_bastionctl_mfa-enrol',
      'file /etc/skel/.ssh/authorized_keys',
      'file /etc/systemd/system/bastionctl-run-sunset.service',
      'file /etc/systemd/system/bastionctl-run-sunset.timer',
      'group robots',
    ])
    expect(reads.find(({ name }) => name === 'args')?.digest).to.equal(digestText('-D'))
    expect(reads.find(({ name }) => name === '/etc/pam.d/bastionctl-mfa')?.digest).to.equal('absent')
  })

  it('covers who can log in where enrolment is required, since nobody would have agreed to shut out whoever comes', () => {
    const required = policy({ enrol: 'required', exemptGroups: ['sudo'], acceptLockout: ['alice', 'ci'] })
    const reads = draft(required, stockFacts()).reads
    const people = { kind: 'people', name: 'list' } as const
    expect(reads).to.deep.include({ ...people, digest: digestText('admin\nalice\nci\nroot\n') })
    expect(made(stockFacts()).reads.map(({ kind }) => kind)).not.to.include('people')
  })

  it("moves with an account of nobody's concern: not at all", () => {
    const facts = stockFacts()
    const busier = {
      ...facts,
      accounts: facts.accounts.map((one) => ({ ...one, logins: { lately: true, withoutTerminal: 2 } })),
    }
    expect(made(busier).reads).to.deep.equal(made(facts).reads)
  })
})
