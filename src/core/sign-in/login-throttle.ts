import { createHmac } from 'node:crypto'
import type { Pool } from '../../db/pool.js'
import type { StatementPart } from '../../db/statement-part.js'
import { AuthError } from '../errors.js'
import type { Keyring } from '../keys/keyring.js'
import { networkOf } from '../lib/network.js'
import { noAccount } from '../audit/audit.js'
import { createLoginThrottleStatements, type FailedAttempt } from './login-throttle-statements.js'

export interface LoginThrottleSettings {
  /** Failures of an account from one network. */
  maxFailures: number
  /** Failures of an account from networks without a live session of it. */
  maxFailuresPerAccount: number
  /** Failures of a network over all accounts. */
  maxFailuresPerAddress: number
  /** Seconds for which failures count. */
  failureWindow: number
}

/** A reserved attempt, and the account that has the email. */
export interface Attempt {
  account: { id: string, hash: string, isDisabled: boolean } | null
  reservedKeys: readonly string[]
  startedAt: string
  /** The key of this account from this network, whose failures a success forgives. */
  accountNetworkKey: string
}

export interface LoginThrottleNeeds {
  sql: Pool
  keyring: Keyring
  settings: LoginThrottleSettings
}

export type LoginThrottle = ReturnType<typeof createLoginThrottle>

/**
 * Counts failed sign-ins in the database, for all instances (OWASP ASVS 6.3.1). An attempt is reserved before its
 * password is checked, so of any number of concurrent attempts only as many are checked as may fail (ADR 0011).
 */
export function createLoginThrottle ({ sql, keyring, settings }: LoginThrottleNeeds) {
  const statements = createLoginThrottleStatements(sql)

  /** A keyed hash: the email field may hold a mistyped password, which the database must not reveal. */
  const keyOf = (...parts: string[]) =>
    createHmac('sha256', keyring[0].throttle).update(JSON.stringify(parts)).digest('base64url')

  return {
    /**
     * Reserves an attempt and finds the account, in one statement.
     * @throws AuthError `too_many_failures`; `overloaded` when too many attempts are in flight
     */
    async reserve (email: string, address: string | null): Promise<Attempt> {
      const network = networkOf(address) ?? 'unknown'
      const accountNetworkKey = keyOf('account from network', email, network)
      const strangersKey = keyOf('account', email)
      const [row] = await statements.reserve({
        email,
        network,
        limits: [
          { key: accountNetworkKey, limit: settings.maxFailures },
          { key: strangersKey, limit: settings.maxFailuresPerAccount },
          { key: keyOf('network', network), limit: settings.maxFailuresPerAddress }
        ],
        strangersKey
      })
      const { id, passwordHash: hash, isDisabled, isAdmitted, reservedKeys, startedAt, retryAfter } = row
      if (!isAdmitted) {
        await statements.release(reservedKeys, startedAt, null)
        throw retryAfter === null
          ? new AuthError('overloaded')
          : new AuthError('too_many_failures', { retryAfter })
      }
      const account = id === null || hash === null ? null : { id, hash, isDisabled: isDisabled === true }
      return { account, reservedKeys, startedAt, accountNetworkKey }
    },

    /** Removes the attempt and forgives this network's failures of the account; part of the sign-in's statement. */
    success ({ reservedKeys, startedAt, accountNetworkKey }: Attempt): StatementPart {
      return statements.release(reservedKeys, startedAt, accountNetworkKey)
    },

    /** Removes the attempt, counts a failure and records it, of no account when none has the email. */
    async failure ({ account, reservedKeys, startedAt }: Attempt, failed: FailedAttempt): Promise<void> {
      await statements.countFailure(reservedKeys, startedAt, settings.failureWindow, {
        ...failed, accountId: account?.id ?? noAccount
      })
    },

    /** Deletes counts that no longer matter. */
    deleteExpired: async (): Promise<void> => {
      await statements.deleteExpired()
    }
  }
}
