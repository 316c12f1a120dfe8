/** Sizes of a run. The two sides of a comparison always get the same. */
export const settings = {
  /** Connections, or loops where there is no HTTP; each has one request under way. */
  connections: 32,
  rounds: 5,
  warmUpSeconds: 2,
  /** Stops a round early on a machine much faster than foreseen, before its latencies fill the memory. */
  mostRequestsPerRound: 500_000,
  /** Keyturn's default. */
  poolMax: 10,
  /** Threads beside the hashing ones, as bin/keyturn.cjs has it. */
  spareThreads: 4,
  /** Sessions of other people between two that are measured, so that each has a page of its own. */
  sessionsBetween: 300
} as const

/** Beyond this share of its core the load itself is what is measured, and a limit is shown too low. */
export const busiestClient = 0.9
