/** Sizes of a run. The two sides of a comparison always get the same. */
export const settings = {
  /** Connections, or loops where there is no HTTP; each has one request under way. */
  connections: 32,
  /** Where the number of connections is what is measured. */
  connectionCounts: [1, 32, 256],
  rounds: 5,
  roundSeconds: 3,
  /** Where a round is about a few slow requests, such as those that hash. */
  slowRoundSeconds: 4,
  /** Where there are many subjects and none is compared with another. */
  short: { rounds: 3, roundSeconds: 2 },
  /** Where releases are compared. An even number of rounds, so that each is first as often as second. */
  against: { pairs: 3, rounds: 12, roundSeconds: 1 },
  warmUpSeconds: 2,
  /** Stops a round early on a machine much faster than foreseen, before its latencies fill the memory. */
  mostRequestsPerRound: 500_000,
  /** Keyturn's default. */
  poolMax: 10,
  /** Threads beside the hashing ones, as bin/keyturn.cjs has it. */
  spareThreads: 4,
  /** As `npm start` has it; the limits get the same. */
  nodeFlags: ['--initial-heap-size=128'],
  /** Sessions of other people between two that are measured, so that each has a page of its own. */
  sessionsBetween: 300,
  /** Sessions in the tables whose size is what is measured. */
  growth: [10_000, 1_000_000, 10_000_000],
  /** Tokens in the cache whose memory is what is measured. */
  cachedTokens: [10_000, 100_000, 1_000_000],
  /** Failed sign-ins with an account, and as many without. */
  enumerationPairs: 2_000,
  /** Mails asked for with an account, and as many without. */
  mailPairs: 1_000,
  pollingPartners: 200,
  idlePollSeconds: 30,
  notices: 20,
  unreadSockets: 1_000,
  unreadSeconds: 40,
  floodClients: 300,
  floodSeconds: 15,
  soakMinutes: 10
}

/** Beyond this share of its core the load itself is what is measured, and a limit is shown too low. */
export const busiestClient = 0.9
