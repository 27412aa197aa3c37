/** Every command by its name: oclif's explicit strategy, so that the whole front of the program is one file in dist/. */
import AddUser from './add-user.js'
import Apply from './apply.js'
import Confirm from './confirm.js'
import DisableMfa from './disable-mfa.js'
import EnableMfa from './enable-mfa.js'
import Explain from './explain.js'
import Harden from './harden.js'
import History from './history.js'
import Hosts from './hosts.js'
import NewCodes from './new-codes.js'
import RemoveUser from './remove-user.js'
import ResetMfa from './reset-mfa.js'
import RotateKey from './rotate-key.js'
import Rollback from './rollback.js'
import Status from './status.js'
import SyncUsers from './sync-users.js'
import Users from './users.js'
import Who from './who.js'
import Verify from './verify.js'

export const commands = {
  'add-user': AddUser,
  apply: Apply,
  confirm: Confirm,
  'disable-mfa': DisableMfa,
  'enable-mfa': EnableMfa,
  explain: Explain,
  harden: Harden,
  history: History,
  hosts: Hosts,
  'new-codes': NewCodes,
  'remove-user': RemoveUser,
  'reset-mfa': ResetMfa,
  rollback: Rollback,
  'rotate-key': RotateKey,
  status: Status,
  'sync-users': SyncUsers,
  users: Users,
  who: Who,
  verify: Verify,
}
