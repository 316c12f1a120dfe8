import type { Contract } from '../http/contract.js'
import { ops } from './ops/index.js'
import { partner } from './partner/index.js'
import { spa } from './spa/index.js'

/** Every contract that LISTEN can name. */
export const contracts = { partner, spa, ops } as const satisfies Record<string, Contract>

export type ContractName = keyof typeof contracts

export const contractNames = Object.keys(contracts) as ContractName[]
