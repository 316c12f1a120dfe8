import type { Sql } from 'postgres'
import { createAccessTokens } from './tokens/access-token.js'
import { createAccounts } from './accounts/accounts.js'
import { createClients } from './partners/clients.js'
import { createConfirmations } from './refresh/confirmations.js'
import type { Notifier } from './revocations/notifier.js'
import { createTokenIssuer } from './sessions/token-issuer.js'
import { createHashingQueue } from './passwords/hashing-queue.js'
import { createIntrospection } from './partners/introspection.js'
import { createKeyStore, type StoredAlgorithm } from './keys/key-store.js'
import { createKeyring } from './keys/keyring.js'
import type { ClientInfo } from './lib/client-info.js'
import { createLoginThrottle, type LoginThrottleSettings } from './sign-in/login-throttle.js'
import { createPartnerTokens } from './partners/partner-tokens.js'
import { createPasswordChange } from './passwords/password-change.js'
import { createPasswords } from './passwords/password-hashing.js'
import { createPurge } from './sessions/purge.js'
import { createRefresh } from './refresh/refresh.js'
import type { RefreshPolicy } from './refresh/rotation.js'
import { createRevocationFeed } from './revocations/revocation-feed.js'
import { createRevocations } from './revocations/revocations.js'
import { createSecurityEvents } from './partners/security-events.js'
import type { AccessOnlyContract } from './sessions/session-kinds.js'
import { createSessionRefresh } from './refresh/session-extension.js'
import { createSessionStart } from './sessions/session-start.js'
import { createSessions } from './sessions/sessions.js'
import { createSignIn, type Credentials } from './sign-in/sign-in.js'
import { createSignOut } from './sessions/sign-out.js'
import { createSigningKeys, keyCheckIntervalMs } from './keys/signing-keys.js'
import { createTasks } from './tasks/tasks.js'
import { createPeriodicJobs } from './lib/periodic.js'
import { createValidation } from './validation/validation.js'

export interface CoreSettings extends RefreshPolicy, LoginThrottleSettings {
  ACCESS_TOKEN_TTL: number
  JWT_EXPIRES_IN: number
  VALIDATION_CACHE_TTL: number
  VALIDATION_CACHE_MAX: number
  KEYTURN_SECRET: string
  KEYTURN_SECRET_PREVIOUS?: string
  PUBLIC_URL: string
  JWT_ALG: StoredAlgorithm
  JWT_SECRET?: string
  KEY_ROTATION: number
  PASSWORD_HASH_MEMORY: number
  PASSWORD_HASH_PASSES: number
  PASSWORD_HASH_CONCURRENCY: number
  PASSWORD_HASH_QUEUE: number
}

export interface CoreNeeds {
  sql: Sql
  notifier: Notifier
  settings: CoreSettings
  /** Milliseconds since 1970. */
  now: () => number
  /** Told of failures that no caller waits for. */
  onBackgroundError: (error: unknown) => void
}

export type Core = ReturnType<typeof createCore>

/** Puts the parts together; nothing is read or written before `load`. */
export function createCore ({ sql, notifier, settings, now, onBackgroundError }: CoreNeeds) {
  const keyring = createKeyring(settings.KEYTURN_SECRET, settings.KEYTURN_SECRET_PREVIOUS)
  const issuer = settings.PUBLIC_URL
  const maxTokenLifetime = Math.max(settings.ACCESS_TOKEN_TTL, settings.JWT_EXPIRES_IN)
  const keys = createSigningKeys({
    store: createKeyStore({ sql, keyring }),
    algorithm: settings.JWT_ALG,
    jwtSecret: settings.JWT_SECRET,
    rotation: settings.KEY_ROTATION,
    maxTokenLifetime,
    now
  })
  const accessTokens = createAccessTokens({
    keys, issuer, audience: issuer, now
  })
  const revocations = createRevocations({ notifier })
  const feed = createRevocationFeed({ sql, revocations, notifier, now, onError: onBackgroundError })
  const confirmations = createConfirmations({ sql, onError: onBackgroundError })
  const grants = createTokenIssuer({ keyring, accessTokens, policy: settings })
  const sessionStart = createSessionStart({ sql, policy: settings, grants })
  const sessions = createSessions({ sql, revocations })
  const gate = createHashingQueue({
    concurrency: settings.PASSWORD_HASH_CONCURRENCY, queue: settings.PASSWORD_HASH_QUEUE
  })
  const passwords = createPasswords({ gate, cost: settings })
  const throttle = createLoginThrottle({ sql, keyring, settings })
  const signIn = createSignIn({ throttle, gate, passwords })
  const validation = createValidation({
    sql,
    accessTokens,
    confirmations,
    revocations,
    feed,
    cacheTtl: settings.VALIDATION_CACHE_TTL,
    cacheMax: settings.VALIDATION_CACHE_MAX,
    now
  })
  const clients = createClients({ sql, issuer, now })
  const events = createSecurityEvents({ sql, keys, issuer, maxTokenLifetime, now })
  const purge = createPurge({ sql, keptAfterEnd: maxTokenLifetime })
  const upkeep = createPeriodicJobs({
    jobs: [
      () => keys.rotateIfDue(),
      () => clients.deleteExpiredAssertions(),
      () => events.compactAcknowledged(),
      () => throttle.deleteExpired(),
      () => purge()
    ],
    intervalMs: keyCheckIntervalMs,
    onError: onBackgroundError
  })

  return {
    accounts: createAccounts({ sql, gate, passwords, sessionStart, revocations }),
    changePassword: createPasswordChange({ sql, gate, passwords, revocations }),
    keys,
    sessions,
    tasks: createTasks({ sql }),

    /** Whether a password that comes now is refused as `overloaded`, for want of room to hash it. */
    isFull: gate.isFull,

    /** Signs in where the contract has refresh tokens. */
    signIn: (credentials: Credentials, clientInfo: ClientInfo) =>
      signIn(credentials, clientInfo, verified => sessionStart.refreshable(verified, clientInfo)),

    /** Signs in where it has none. */
    signInOnce: (credentials: Credentials, contract: AccessOnlyContract, clientInfo: ClientInfo) =>
      signIn(credentials, clientInfo, verified => sessionStart.accessOnly(verified, contract, clientInfo)),

    refreshSession: createSessionRefresh({ sql, accessTokens, grants, sessions, policy: settings }),
    signOut: createSignOut({ keyring, accessTokens, sessions }),
    refresh: createRefresh({ sql, keyring, policy: settings, confirmations, revocations, grants }),
    validation,
    clients,
    events,
    partnerTokens: createPartnerTokens({ accessTokens, validation, lifetime: settings.ACCESS_TOKEN_TTL, now }),
    introspect: createIntrospection({ sql, keyring, accessTokens, validation, clients, issuer }),

    /** Reads the signing keys; until it has succeeded once, tokens are neither made nor checked. */
    load: () => keys.load(),

    /** Whether the core can answer now. Never throws. */
    async isReady (): Promise<boolean> {
      if (!keys.ready) return false
      try {
        await sql`SELECT 1`
        return true
      } catch {
        return false
      }
    },

    /** Begins what a server does from time to time, when the keys are read. */
    startJobs (): void {
      upkeep.start()
      feed.start()
    },

    /** What this process is doing. */
    stats: () => ({
      cachedTokens: validation.cachedTokens,
      cacheHits: validation.counts.hits,
      cacheMisses: validation.counts.misses,
      /** Whether what other processes end is heard of within a second; while it is not, little is remembered. */
      isFeedCurrent: feed.isCurrent,
      pendingConfirmations: confirmations.pending,
      signInsInside: gate.inside
    }),

    /** Writes what is pending; to be called before the database is closed. */
    async close (): Promise<void> {
      await Promise.all([upkeep.stop(), feed.stop()])
      await confirmations.close()
      await notifier.close()
    }
  }
}
