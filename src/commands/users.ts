import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../cli/base-command.js'
import { selectorFlags, selectorOf } from '../cli/flags.js'
import { usersOutput, type UsersOutput } from '../cli/outputs.js'
import { usersView } from '../cli/views/users.js'
import { parseDays } from '../domain/duration.js'
import { statusVerdict } from '../domain/verdict.js'

export default class Users extends BaseCommand {
  static override summary = 'who has an account on which hosts, with which keys, and where hosts disagree'
  static override description =
    'Lists root, people, and whoever else has keys or a password, or is managed by bastionctl, also where the shell opens no session: ' +
    'keys by fingerprint, factor, sudo, last login, expiry. What one ' +
    "host has otherwise than most do is named. The last login is the newest in sshd's log of 30 days, wtmp and lastlog. A factor has the " +
    'date on which bastionctl made it (add-user, reset-mfa, enrolment at first login). Of one that was made otherwise only the time of its file ' +
    'is known, which is written at enrolment and whenever a code is used. With secrets in homes the person can change either. Dates are UTC. ' +
    'Writes nothing. Exits 5 where a host could not be asked.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --tag Role=bastion',
    '<%= config.bin %> <%= command.id %> --tag Role=bastion --max-key-age 365d',
  ]
  static override flags = {
    ...selectorFlags,
    'max-key-age': Flags.string({
      summary: 'name the keys that have surely been in place for longer',
      description:
        'authorized_keys does not date its lines. A key has been there since its file was last written, at the latest: one that is named ' +
        'is older for sure, and one whose file was written lately may be older too.',
      helpValue: 'DAYS',
    }),
  }

  async run(): Promise<UsersOutput> {
    const { flags } = await this.parse(Users)
    const age = flags['max-key-age']
    const request = {
      selector: selectorOf(flags),
      ...(age !== undefined && { maxKeyAge: parseDays(age, '--max-key-age') }),
    }
    const context = this.context(flags)
    const { engine, ports } = await context.open({})
    const report = await engine.users(ports, request)
    context.print(usersView(report, context.style))
    return this.ended({ exit: statusVerdict(report.hosts), ...usersOutput(report) })
  }
}
