/** The operator's side of the pipeline, as src/cli knows it. */
import type { Engine } from './api.js'
import { apply, rehearse } from './apply.js'
import { plan } from './plan.js'
import { confirm, rollback } from './settle.js'
import { history, hosts, status, who } from './status.js'
import { users } from './users.js'
import { verify } from './verify.js'

export const engine: Engine = { plan, rehearse, apply, confirm, rollback, status, who, users, verify, hosts, history }
