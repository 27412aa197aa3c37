import { BaseCommand } from '../cli/base-command.js'
import { applyFlags, planFlags, selectorFlags, selectorOf } from '../cli/flags.js'
import type { ChangeOutput } from '../cli/outputs.js'
import { addUserFlags, addUserPolicy, handOverFlags, nameArg, refuseIdleFiles } from '../cli/user-flags.js'

export default class AddUser extends BaseCommand {
  static override summary = 'take a person on'
  static override description =
    'Makes the account with its keys, home, groups and right to sudo, or gives an account that is there what it lacks; ' +
    'nothing that it has is taken from it. The new login is rehearsed, and made through the live listener before it is ' +
    'kept; every key is offered to sshd. Where a second factor is demanded, the person enrols at the first login, or is ' +
    'given one with --factor totp: made here, sealed for each host, and shown to you once. Where enrolment is required ' +
    'nobody new can enrol, and who has neither that nor an exempt group is refused.'

  static override args = nameArg

  static override examples = [
    {
      description: 'A person with one key',
      command: '<%= config.bin %> <%= command.id %> ada --tag Role=bastion --key ada.pub --comment "Ada Lovelace"',
    },
    {
      description: 'An administrator for a while, from a script',
      command:
        '<%= config.bin %> <%= command.id %> bob --tag Role=bastion --key - --sudo --expires 2027-03-31 --yes --confirm auto --ssh-user admin <bob.pub',
    },
  ]

  static override flags = { ...selectorFlags, ...addUserFlags, ...handOverFlags, ...planFlags, ...applyFlags }

  async run(): Promise<ChangeOutput> {
    const { args, flags } = await this.parse(AddUser)
    refuseIdleFiles(flags.factor, flags)
    const request = { selector: selectorOf(flags), policy: await addUserPolicy(args.name, flags), flags }
    const { runChange } = await import('../cli/change-run.js')
    return this.ended(await runChange(this.context(flags), request))
  }
}
