import type { Contract } from '../http/contract.js'
import { account } from './account/index.js'
import { admin } from './admin/index.js'
import type { ContractName } from './names.js'
import { oauth } from './oauth/index.js'
import { ops } from './ops/index.js'
import { partner } from './partner/index.js'
import { session } from './session/index.js'
import { spa } from './spa/index.js'
import { tasks } from './tasks/index.js'
import { web } from './web/index.js'

/** Each contract by its name. */
export const contracts = {
  partner, session, spa, tasks, web, oauth, account, ops, admin
} as const satisfies Record<ContractName, Contract>

export { contractNames, type ContractName } from './names.js'
