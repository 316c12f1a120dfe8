import type { Database } from '../../db/database.js'
import type { RevocationNotices } from '../revocations/revocation-notices.js'
import type { Tokens } from '../tokens/index.js'
import { createPurge } from './purge.js'
import type { Lifetimes } from './session-kinds.js'
import { createSessionStart } from './session-start.js'
import { createSessionList } from './sessions.js'
import { createSignOut } from './sign-out.js'
import { createTokenIssuer } from './token-issuer.js'

export type { Lifetimes } from './session-kinds.js'

export interface SessionsNeeds {
  db: Pick<Database, 'sql'>
  tokens: Tokens
  revocations: Pick<RevocationNotices, 'publish'>
  lifetimes: Lifetimes
  /** Live sessions of an account at most. */
  quotas: { sessions: number }
  /** The longest lifetime of an access token, in seconds. */
  maxTokenLifetime: number
}

export type Sessions = ReturnType<typeof createSessions>

/** Sessions from their beginning to their end; what keeps them going is in the room `refresh`. */
export function createSessions (needs: SessionsNeeds) {
  const { db: { sql }, tokens, revocations, lifetimes, quotas, maxTokenLifetime } = needs
  const sessions = createSessionList({ sql, revocations })
  const issuer = createTokenIssuer({ tokens, lifetimes })
  const start = createSessionStart({ sql, revocations, lifetimes, maxPerAccount: quotas.sessions, issuer })
  const { purge, purgedCount } = createPurge({ sql, keptAfterEnd: maxTokenLifetime })
  return {
    ...sessions,
    issuer,
    start,
    signOut: createSignOut({ tokens, sessions }),
    purge,
    metrics: () => ({ sessionsBegun: start.begun(), sessionsPurged: purgedCount() })
  }
}
