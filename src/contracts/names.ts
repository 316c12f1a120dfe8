/** Every contract that LISTEN can name. Apart from the contracts, so that the command line need not load them. */
export const contractNames = [
  'partner', 'session', 'spa', 'tasks', 'web', 'oauth', 'account', 'ops', 'admin'
] as const

export type ContractName = typeof contractNames[number]
