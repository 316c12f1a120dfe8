import type { Database } from '../../db/database.js'
import type { Keyring } from '../keys/keyring.js'
import { createOutcomes } from '../lib/outcomes.js'
import type { Mail } from '../mail/index.js'
import type { RevocationNotices } from '../revocations/revocation-notices.js'
import type { Sessions } from '../sessions/index.js'
import type { Lifetimes } from '../sessions/session-kinds.js'
import type { Tokens } from '../tokens/index.js'
import { createConfirmations } from './confirmations.js'
import { createFastForward } from './fast-forward.js'
import { createRecentRotations } from './recent-rotations.js'
import type { RefreshPolicy } from './replay.js'
import { createSessionExtension } from './session-extension.js'
import { createTrade, type RefreshOutcomes } from './trade.js'

export type { RefreshPolicy } from './replay.js'

export interface RefreshNeeds {
  db: Pick<Database, 'sql' | 'refreshSql'>
  keyring: Keyring
  tokens: Tokens
  sessions: Sessions
  mail: Pick<Mail, 'noticeToOwner'>
  revocations: Pick<RevocationNotices, 'publish'>
  policy: RefreshPolicy
  lifetimes: Lifetimes
  /** Milliseconds since 1970. */
  now: () => number
  onError: (error: unknown) => void
}

export type Refresh = ReturnType<typeof createRefresh>

/** What keeps a session going: refresh tokens, or access tokens where the contract has no others. */
export function createRefresh (needs: RefreshNeeds) {
  const { db: { sql, refreshSql }, keyring, tokens, sessions, mail } = needs
  const { revocations, policy, lifetimes, now, onError } = needs
  const confirmations = createConfirmations({ sql: refreshSql, onError })
  const rotations = createRecentRotations(sql, policy.retryWindow)
  const fastForward = createFastForward({ sql: refreshSql, lifetimes })
  const outcomes: RefreshOutcomes = createOutcomes()
  const { issuer } = sessions
  return {
    trade: createTrade({
      sql,
      refreshSql,
      rotations,
      keyring,
      policy,
      lifetimes,
      confirmations,
      fastForward,
      revocations,
      mail,
      issuer,
      outcomes
    }),
    ...createSessionExtension({
      sql, refreshSql, rotations, tokens, sessions, fastForward, revocations, policy, lifetimes, mail, outcomes, now
    }),
    confirmations,
    metrics: () => ({
      pendingConfirmations: confirmations.pendingCount(),
      fastForwards: fastForward.count(),
      refreshes: outcomes.samples(),
      reuseDetected: outcomes.samples()
        .reduce((sum, { labels, value }) => labels.reason === 'reused' ? sum + value : sum, 0)
    }),
    close: confirmations.close
  }
}
