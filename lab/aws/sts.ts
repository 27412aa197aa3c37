/** GetCallerIdentity (Query protocol, version 2011-06-15): the one call that needs no permission. */

import { ACCOUNT, OPERATOR, OPERATOR_ID } from './account.js'
import type { Operation } from './service.js'

export const sts: Readonly<Record<string, Operation>> = {
  GetCallerIdentity: () => ({ Arn: OPERATOR, UserId: OPERATOR_ID, Account: ACCOUNT }),
}
