/** Every command by its name: oclif's explicit strategy, so that the whole front of the program is one file in dist/. */
import Apply from './apply.js'
import Confirm from './confirm.js'
import DisableMfa from './disable-mfa.js'
import EnableMfa from './enable-mfa.js'
import Explain from './explain.js'
import Harden from './harden.js'
import History from './history.js'
import Hosts from './hosts.js'
import Rollback from './rollback.js'
import Status from './status.js'
import Users from './users.js'
import Who from './who.js'
import Verify from './verify.js'

export const commands = {
  apply: Apply,
  confirm: Confirm,
  'disable-mfa': DisableMfa,
  'enable-mfa': EnableMfa,
  explain: Explain,
  harden: Harden,
  history: History,
  hosts: Hosts,
  rollback: Rollback,
  status: Status,
  users: Users,
  who: Who,
  verify: Verify,
}
