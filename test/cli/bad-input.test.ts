import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { formatPlan } from '../../src/domain/plan-digest.js'
import { runProgram } from '../support/program.js'
import { plan } from '../support/samples.js'

const folder = mkdtempSync(join(tmpdir(), 'bastionctl-plans-'))

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const on = ['enable-mfa', '--tag', 'Role=bastion']
const unattended = ['--yes', '--confirm', 'auto', '--safety-session', 'none']
const signed = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' }

interface Row {
  readonly what: string
  readonly argv: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  readonly exit: number
  readonly says: RegExp
  readonly hint: RegExp
}

const rows: readonly Row[] = [
  {
    what: 'no such command',
    argv: ['enable-mfaa'],
    exit: 3,
    says: /^there is no command "enable-mfaa"$/,
    hint: /bastionctl --help/,
  },
  {
    what: 'no such flag',
    argv: [...on, '--bad'],
    exit: 3,
    says: /^no such flag: --bad$/,
    hint: /bastionctl enable-mfa --help/,
  },
  ...(
    [
      [['enable', 'mfa'], /^there is no command "enable mfa"$/],
      [['enable-mfa', '--bad', '--worse'], /^no such flags: --bad, --worse$/],
      [['enable-mfa', '--tag'], /^--tag needs a value$/],
      [['enable-mfa', '--tag', 'a=b', '--confirm'], /^--confirm needs one of these values: ask, auto, later$/],
      [['enable-mfa', '--totp-window', '99'], /^--totp-window "99" is not a whole number less than or equal to 21$/],
      [['history', '--limit', '0'], /^--limit "0" is not a whole number greater than or equal to 1$/],
      [['explain', 'foo'], /^"foo" is none of: harden$/],
      [['apply', 'a', 'b'], /^unexpected argument: b$/],
      [['reset-mfa', 'ada', '--tag', 'a=b'], /^the flag --reason is missing$/],
      [['remove-user', 'ada', '--tag', 'a=b', '--lock', '--archive', '/x'], /^--archive does not go with --lock$/],
    ] as const
  ).map(([argv, says]): Row => ({
    what: argv.join(' '),
    argv,
    exit: 3,
    says,
    hint: /^run "bastionctl .*--help" to see/,
  })),
  {
    what: 'a user name with a letter that only looks Latin',
    argv: ['add-user', '\u0430da', '--tag', 'Role=bastion', '--dry-run'],
    exit: 3,
    says: /^user name ".*": character 1 is ".*" \(U\+0430, Cyrillic\)$/,
    hint: /a-z, 0-9/,
  },
  {
    what: 'a user name with an option in it',
    argv: ['remove-user', 'ada;id', '--tag', 'Role=bastion', '--as', 'ops', '--dry-run'],
    exit: 3,
    says: /^user name "ada;id": character 4 is ";"$/,
    hint: /a-z, 0-9/,
  },
  {
    what: 'nobody to say who the operator is',
    argv: ['remove-user', 'ada', '--tag', 'Role=bastion', '--dry-run'],
    exit: 3,
    says: /^which account is yours is not known/,
    hint: /--as USER/,
  },
  {
    what: 'a key file that is not there',
    argv: ['add-user', 'ada', '--tag', 'Role=bastion', '--key', '/nonexistent/key.pub', '--dry-run'],
    exit: 3,
    says: /^the key file "\/nonexistent\/key\.pub" /,
    hint: /^/,
  },
  {
    what: 'a day that there is not',
    argv: ['add-user', 'ada', '--tag', 'Role=bastion', '--expires', '2026-02-30', '--dry-run'],
    exit: 3,
    says: /^--expires "2026-02-30" is not a day$/,
    hint: /2027-03-31/,
  },
  ...(
    [
      [['add-user', 'ada', '--expires', ''], /^--expires "" is not a day$/],
      [['add-user', 'ada', '--key-expires', ''], /^--key-expires "" is not a day$/],
      [['reset-mfa', 'ada', '--reason', ''], /^the reason is empty$/],
      [['reset-mfa', 'ada', '--reason', ' \t '], /^the reason is empty$/],
      [['reset-mfa', 'ada', '--reason', 'x', '--issuer', ''], /^--issuer: it is empty/],
      [['reset-mfa', 'ada', '--reason', 'x', '--issuer', 'a:b'], /^--issuer: it /],
      [['reset-mfa', 'ada', '--reason', 'x', '--issuer', 'x'.repeat(65)], /^--issuer: it /],
      [['remove-user', 'ada', '--as', ''], /^--as: "" is not the name of an account$/],
      [['rotate-key', 'ada', '--as', 'a b'], /^--as: "a b" is not the name of an account$/],
      [['add-user', 'ada', '--as', ''], /^--as: "" is not the name of an account$/],
      [
        ['sync-users', 'people.yml', '--as', 'ops', '--accept-lockout', 'a|b'],
        /^--accept-lockout: "a\|b" is not the name of an account$/,
      ],
      [['disable-mfa', '--accept-lockout', 'a,b'], /^--accept-lockout: "a,b" is not the name of an account$/],
      [['enable-mfa', '--accept-lockout', 'a\nb'], /^--accept-lockout: "a b" is not the name of an account$/],
      [['harden', '--accept-lockout', 'a|b'], /^--accept-lockout: "a\|b" is not the name of an account$/],
      [['harden', '--count-on', ''], /^--count-on: "" is not the name of an account$/],
    ] as const
  ).map(([argv, says]): Row => ({
    what: argv.map((word) => JSON.stringify(word)).join(' '),
    argv: [...argv, '--tag', 'Role=bastion', '--dry-run'],
    exit: 3,
    says,
    hint: /^/,
  })),
  {
    what: 'a comment that would end its field',
    argv: ['add-user', 'ada', '--tag', 'Role=bastion', '--comment', 'x:0:0', '--dry-run'],
    exit: 3,
    says: /^the comment has a ":"/,
    hint: /^/,
  },
  {
    what: 'a source of people that is not there',
    argv: ['sync-users', '/nonexistent/people.yml', '--tag', 'Role=bastion', '--as', 'ops', '--dry-run'],
    exit: 3,
    says: /^"\/nonexistent\/people\.yml" cannot be read: no such file or folder$/,
    hint: /nothing is changed/,
  },
  {
    what: 'a source of people that names nobody',
    argv: ['sync-users', file('nobody.yml', 'users: []\n'), '--tag', 'Role=bastion', '--as', 'ops', '--dry-run'],
    exit: 3,
    says: /nobody\.yml:1:8: users: nobody is named, and everybody would be removed$/,
    hint: /users-file\.json/,
  },
  {
    what: 'a source of people that is one address too many',
    argv: ['sync-users', 'https://ann:hunter2@example.org/', '--tag', 'Role=bastion', '--as', 'ops', '--dry-run'],
    exit: 3,
    says: /^sync-users reads no https:\/\/ addresses$/,
    hint: /s3:\/\//,
  },
  {
    what: 'nobody to say who the operator of a sync is',
    argv: ['sync-users', 'people.yml', '--tag', 'Role=bastion', '--dry-run'],
    exit: 3,
    says: /^which account is yours is not known/,
    hint: /--as USER/,
  },
  {
    what: 'a share of people that is none',
    argv: ['sync-users', 'people.yml', '--tag', 'Role=bastion', '--as', 'ops', '--max-removals', '120%', '--dry-run'],
    exit: 3,
    says: /^--max-removals "120%" is neither a number nor a share$/,
    hint: /like 3, or like 20%/,
  },
  {
    what: 'no source of people',
    argv: ['sync-users', '--tag', 'Role=bastion', '--as', 'ops', '--dry-run'],
    exit: 3,
    says: /^the argument SOURCE is missing$/,
    hint: /bastionctl sync-users --help/,
  },
  {
    what: 'no selector',
    argv: ['enable-mfa', '--dry-run'],
    exit: 3,
    says: /^no host is selected$/,
    hint: /--tag Key=Value or --instance-id/,
  },
  {
    what: 'a selector of exclusions only',
    argv: ['status', '--exclude', 'a'],
    exit: 3,
    says: /^no host is selected$/,
    hint: /no implicit "all"/,
  },
  {
    what: 'a tag without a value',
    argv: ['status', '--tag', 'Role'],
    exit: 3,
    says: /^--tag "Role" has no "="$/,
    hint: /Key=Value/,
  },
  {
    what: 'a word that is no instance id',
    argv: ['status', '-i', 'web'],
    exit: 3,
    says: /^--instance-id "web" is not/,
    hint: /i-0123/,
  },
  {
    what: 'an unknown method',
    argv: [...on, '--method', 'sms', '--dry-run'],
    exit: 3,
    says: /^unknown method "sms"$/,
    hint: /methods: totp/,
  },
  {
    what: 'a bad duration',
    argv: [...on, '--confirm-within', '10', '--dry-run'],
    exit: 3,
    says: /^--confirm-within "10" is not a duration$/,
    hint: /90s, 10m or 1h30m/,
  },
  {
    what: 'a duration out of range',
    argv: [...on, '--confirm-within', '2s', '--dry-run'],
    exit: 3,
    says: /^--confirm-within "2s" is out of range$/,
    hint: /30s and 24h, like 10m/,
  },
  {
    what: 'an idle time that is none',
    argv: ['harden', '--tag', 'Role=bastion', '--level', 'strict', '--idle-timeout', '15', '--dry-run'],
    exit: 3,
    says: /^--idle-timeout "15" is not a duration$/,
    hint: /90s, 10m or 1h30m/,
  },
  {
    what: 'an age that is none',
    argv: ['users', '--tag', 'Role=bastion', '--max-key-age', '1y'],
    exit: 3,
    says: /^--max-key-age "1y" is not a number of days$/,
    hint: /90 or 90d/,
  },
  {
    what: 'a grace that is none',
    argv: [...on, '--grace', '2 weeks', '--dry-run'],
    exit: 3,
    says: /^--grace "2 weeks" is not a time in days and hours$/,
    hint: /14d, 36h or 1d12h/,
  },
  {
    what: 'a grace that is too short',
    argv: [...on, '--grace', '0h', '--dry-run'],
    exit: 3,
    says: /^--grace "0h" is out of range$/,
    hint: /1h and 365d, like 14d/,
  },
  {
    what: 'a grace where enrolment is required at once',
    argv: [...on, '--enrol', 'required', '--grace', '14d', '--dry-run'],
    exit: 3,
    says: /^--grace goes with --enrol first-login only$/,
    hint: /nobody without a factor/,
  },
  {
    what: 'a bad rate limit',
    argv: [...on, '--totp-rate-limit', '3', '--dry-run'],
    exit: 3,
    says: /^--totp-rate-limit "3" is not a rate limit$/,
    hint: /3\/30s/,
  },
  {
    what: 'a bad window',
    argv: [...on, '--totp-window', 'x'],
    exit: 3,
    says: /^--totp-window "x" is not a whole number$/,
    hint: /--help/,
  },
  {
    what: 'a word outside of a list',
    argv: [...on, '--confirm', 'yes'],
    exit: 3,
    says: /^--confirm "yes" is none of: ask, auto, later$/,
    hint: /--help/,
  },
  {
    what: '--rehearse without --dry-run',
    argv: [...on, '--rehearse'],
    exit: 3,
    says: /^--rehearse goes with --dry-run only$/,
    hint: /--help/,
  },
  ...(
    [
      ['a plan into a folder that is not there', '/nonexistent/plan.json', /: no such file or folder$/],
      ['a plan where files cannot be made', '/proc/plan.json', /: (?:no such file or folder|permission denied)$/],
      ['a plan below a file', join(file('plain', ''), 'plan.json'), /: a part of the path is no folder$/],
      ['a plan that would be a folder', folder, /: it is a folder$/],
      ['a plan without a name', '', /: it is a folder$/],
      ['a plan into a device', '/dev/null', /: it is no regular file$/],
    ] as const
  ).flatMap(([what, out, says]) =>
    // Said before credentials are missed, with --yes, too.
    [[], ['--yes']].map((more): Row => {
      const argv = [...on, '--dry-run', '--out', out, ...more]
      return { what: [what, ...more].join(', '), argv, exit: 3, says, hint: /^give --out a name in a folder/ }
    }),
  ),
  {
    what: 'a new factor into a folder that is not there',
    argv: ['new-codes', 'ada', '--tag', 'Role=bastion', ...unattended, '--codes', '/nonexistent/codes'],
    exit: 3,
    says: /^cannot write "\/nonexistent\/codes": no such file or folder$/,
    hint: /^name a new file in a folder of yours$/,
  },
  {
    what: 'a plan into a folder that is not there, and people from S3',
    argv: ['sync-users', 's3://people/', '--tag', 'Role=bastion', '--as', 'ops', '--dry-run', '--out', '/no/plan.json'],
    exit: 3,
    says: /^cannot write "\/no\/plan\.json"/,
    hint: /^give --out/,
  },
  {
    what: 'no answer about keeping',
    argv: [...on],
    exit: 3,
    says: /whether to keep the change: there is no terminal$/,
    hint: /--confirm auto .* --confirm later/,
  },
  {
    what: 'no answer about going on',
    argv: [...on, '--confirm', 'auto'],
    exit: 3,
    says: /whether to go on: there is no terminal$/,
    hint: /--yes/,
  },
  {
    what: 'no plan',
    argv: ['apply'],
    exit: 3,
    says: /^the argument PLAN is missing$/,
    hint: /bastionctl apply --help/,
  },
  {
    what: 'a plan that is not there',
    argv: ['apply', '/no/plan.json'],
    exit: 3,
    says: /^cannot read "\/no\/plan.json": no such file or folder$/,
    hint: /--out/,
  },
  {
    what: 'a plan that is not JSON',
    argv: ['apply', file('a.json', 'plan')],
    exit: 8,
    says: /is not JSON$/,
    hint: /--dry-run --out/,
  },
  {
    what: 'a foreign plan',
    argv: ['apply', file('b.json', '{"format_version": "1.2"}')],
    exit: 8,
    says: /is no plan of bastionctl$/,
    hint: /--out/,
  },
  {
    what: 'a plan of another version',
    argv: ['apply', file('c.json', '{"schema": "bastionctl/plan/9"}')],
    exit: 8,
    says: /of schema "bastionctl\/plan\/9"/,
    hint: /version that made it/,
  },
  {
    what: 'an edited plan',
    argv: ['apply', file('d.json', formatPlan(plan).replace('0644', '0666'))],
    exit: 8,
    says: /was edited after it was made/,
    hint: /new plan/,
  },
  {
    what: 'a good plan and nobody to ask',
    argv: ['apply', file('e.json', formatPlan(plan))],
    exit: 3,
    says: /there is no terminal$/,
    hint: /--confirm auto/,
  },
  {
    what: 'nothing to confirm',
    argv: ['confirm'],
    exit: 3,
    says: /^no run made from this machine is pending$/,
    hint: /bastionctl confirm --tag/,
  },
  {
    what: 'an unknown change',
    argv: ['rollback', '../../etc/passwd'],
    exit: 3,
    says: /^no run "..\/..\/etc\/passwd" was made/,
    hint: /--tag Key=Value/,
  },
  {
    what: 'no region',
    argv: ['hosts', '--tag', 'a=b'],
    env: signed,
    exit: 6,
    says: /^no aws region is set$/,
    hint: /AWS_REGION/,
  },
  {
    what: 'no credentials',
    argv: ['hosts', '--tag', 'a=b'],
    env: { AWS_REGION: 'eu-west-1' },
    exit: 6,
    says: /^no usable aws credentials/,
    hint: /AWS_PROFILE/,
  },
  {
    what: 'an unreachable endpoint',
    argv: ['hosts', '--tag', 'a=b'],
    env: { ...signed, AWS_REGION: 'eu-west-1', AWS_ENDPOINT_URL: 'http://127.0.0.1:9' },
    exit: 6,
    says: /^cannot reach http:\/\/127.0.0.1:9\/?: connection refused$/,
    hint: /AWS_ENDPOINT_URL/,
  },
  ...['notaurl', 'localhost:4566', '127.0.0.1:9', 'http://'].map((url): Row => ({
    what: `an endpoint that is none: ${url}`,
    argv: ['hosts', '--tag', 'a=b'],
    env: { ...signed, AWS_REGION: 'eu-west-1', AWS_ENDPOINT_URL: url },
    exit: 6,
    says: new RegExp(`^AWS_ENDPOINT_URL "${url}" is not a URL$`),
    hint: /^write it with http:/,
  })),
  {
    what: 'an endpoint of the profile that is none',
    argv: ['hosts', '--tag', 'a=b'],
    env: { ...signed, AWS_CONFIG_FILE: file('config', '[default]\nregion = eu-west-1\nendpoint_url = notaurl\n') },
    exit: 6,
    says: /^endpoint_url of the profile: "notaurl" is not a URL$/,
    hint: /^write it with http:/,
  },
  {
    what: 'a profile that there is not, beside keys',
    argv: ['hosts', '--tag', 'a=b'],
    env: { ...signed, AWS_REGION: 'eu-west-1', AWS_PROFILE: 'nosuch', AWS_CONFIG_FILE: '/etc/aws-config' },
    exit: 6,
    says: /^no usable aws credentials were found for profile "nosuch"$/,
    hint: /^is there a profile "nosuch" in \/etc\/aws-config\?/,
  },
  {
    what: 'no credentials for a change',
    argv: [...on, ...unattended],
    env: { AWS_REGION: 'eu-west-1' },
    exit: 6,
    says: /^no usable aws credentials/,
    hint: /AWS_PROFILE/,
  },
]

describe('bad input', function () {
  this.timeout('60s')
  after(() => {
    rmSync(folder, { recursive: true })
  })

  for (const { what, argv, env, exit, says, hint } of rows) {
    it(`${what}: one line, a hint, exit ${String(exit)}`, async () => {
      const ended = await runProgram(argv, env === undefined ? {} : { env })
      const lines = ended.stderr
        .replace(/^looking for hosts\n/, '')
        .replace(/\n$/, '')
        .split('\n')
      expect(lines).to.have.length(2)
      expect(lines[0]).to.match(says)
      expect(lines[1]).to.match(hint)
      expect(ended).to.include({ exitCode: exit, stdout: '' })
    })
  }

  it('gives the same code under --json, and one object on stdout', async () => {
    for (const argv of [
      ['enable-mfaa', '--json'],
      ['enable-mfa', '--json'],
      ['apply', '/no/plan.json', '--json'],
    ]) {
      const ended = await runProgram(argv)
      expect(ended.exitCode).to.equal(3)
      expect(JSON.parse(ended.stdout)).to.have.nested.property('error.code', 'usage')
    }
  })

  it('takes no name from stdin, which may be the list that a loop goes through', async () => {
    const from = file('names', 'bob\ncy\n')
    for (const argv of [
      ['add-user'],
      ['remove-user', '--as', 'ops'],
      ['rotate-key', '--remove', 'SHA256:x'],
      ['reset-mfa', '--reason', 'lost'],
      ['new-codes'],
    ]) {
      const ended = await runProgram([...argv, '--tag', 'Role=bastion', ...unattended], { from })
      expect([ended.exitCode, ended.stderr.split('\n')[0]]).to.deep.equal([3, 'the argument NAME is missing'])
    }
  })

  it('does not wait for words on stdin where an argument may be left out', async () => {
    expect((await runProgram(['history'])).exitCode).to.equal(0)
  })
})
