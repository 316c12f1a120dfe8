import { createHmac } from 'node:crypto'
import type { Pool } from '../../db/pool.js'
import { AuthError } from '../errors.js'
import type { Keyring } from '../keys/keyring.js'
import type { ClientInfo } from '../lib/client-info.js'
import { networksOf } from '../lib/network.js'
import { noAccount } from '../audit/audit.js'
import type { KnownDevices } from './known-devices.js'
import {
  createLoginThrottleStatements, insertFailures, type FailedAttempt, type Limit
} from './login-throttle-statements.js'

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

/** A reserved attempt. */
export interface Attempt {
  reservedKeys: readonly string[]
  startedAt: string
  /** The keys of this account from here, whose failures a success forgives. */
  forgivenKeys: readonly string[]
  /** What the email is known by in the audit log, where no account has it: a keyed hash. */
  subject: string
}

export interface LoginThrottleNeeds {
  sql: Pool
  keyring: Keyring
  devices: Pick<KnownDevices, 'recognize'>
  settings: LoginThrottleSettings
}

interface Limits {
  limits: Limit[]
  /** Those that a success clears. */
  forgivenKeys: string[]
}

/** A /56 admits twice as much as a /64, and a /48 twice as much as that. */
const widerFactor = 2

const unknownNetwork = 'unknown'

export type LoginThrottle = ReturnType<typeof createLoginThrottle>

/**
 * Counts failed sign-ins in the database, for all instances (OWASP ASVS 6.3.1). An attempt is reserved before its
 * password is checked, so of any number of concurrent attempts only as many are checked as may fail (ADR 0011).
 */
export function createLoginThrottle ({ sql, keyring, devices, settings }: LoginThrottleNeeds) {
  const statements = createLoginThrottleStatements(sql)

  /** A keyed hash: the email field may hold a mistyped password, which the database must not reveal. */
  const keyOf = (...parts: string[]) =>
    createHmac('sha256', keyring[0].throttle).update(JSON.stringify(parts)).digest('base64url')

  /**
   * Of the networks that an address is in, the wider ones admit more: other customers may be in them. The failures of
   * strangers do not count for a network with a live session of the account.
   */
  function ofNetwork (email: string, address: string | null, isKnownNetwork: boolean): Limits {
    const networks = address === null ? [unknownNetwork] : networksOf(address)
    const fromHere = networks.map((network, width) => ({
      key: keyOf('account from network', email, network), limit: settings.maxFailures * widerFactor ** width
    }))
    const ofNetworks = networks.map((network, width) => ({
      key: keyOf('network', network), limit: settings.maxFailuresPerAddress * widerFactor ** width
    }))
    const ofStrangers = isKnownNetwork ? [] : [{ key: keyOf('account', email), limit: settings.maxFailuresPerAccount }]
    return { limits: [...fromHere, ...ofStrangers, ...ofNetworks], forgivenKeys: fromHere.map(({ key }) => key) }
  }

  /** Its attempts count only by themselves: neither strangers nor neighbours can use them up. */
  function ofDevice (email: string, device: string): Limits {
    const key = keyOf('account on device', email, device)
    return { limits: [{ key, limit: settings.maxFailures }], forgivenKeys: [key] }
  }

  return {
    /**
     * Reserves an attempt, whether an account has the email or not.
     * @param codeFailures failures of the account with codes at most, from wherever, if it is one of these
     * @throws AuthError `too_many_failures`; `overloaded` when too many attempts are in flight
     */
    async reserve (
      email: string, isKnownNetwork: boolean, { address, deviceToken = null }: ClientInfo, codeFailures?: number
    ): Promise<Attempt> {
      const device = devices.recognize(deviceToken, email)
      const { limits, forgivenKeys } = device === null
        ? ofNetwork(email, address, isKnownNetwork)
        : ofDevice(email, device)
      if (codeFailures !== undefined) limits.push({ key: keyOf('codes of account', email), limit: codeFailures })
      const [{ isAdmitted, reservedKeys, startedAt, retryAfter }] = await statements.reserve(limits)
      if (!isAdmitted) {
        await statements.release(reservedKeys, startedAt, [])
        throw retryAfter === null
          ? new AuthError('overloaded')
          : new AuthError('too_many_failures', { retryAfter })
      }
      return { reservedKeys, startedAt, forgivenKeys, subject: `email:${keyOf('unknown email', email)}` }
    },

    /** Removes the attempt and forgives the account's failures from here. */
    async success ({ reservedKeys, startedAt, forgivenKeys }: Attempt): Promise<void> {
      await statements.release(reservedKeys, startedAt, forgivenKeys)
    },

    /** Removes the attempt, counts a failure and records it, of no account (`null`) when none has the email. */
    async failure (
      { reservedKeys, startedAt, subject }: Attempt, accountId: string | null, { event, address }: FailedAttempt
    ): Promise<void> {
      const counted = await statements.countFailure(reservedKeys, startedAt, settings.failureWindow)
      const events = counted.some(({ isLast }) => isLast) ? [event, 'sign_in_locked'] as const : [event]
      const account = accountId === null ? { accountId: noAccount, subject } : { accountId, subject: null }
      await insertFailures(sql, account, events, address)
    },

    /** Deletes counts that no longer matter. */
    deleteExpired: async (): Promise<void> => {
      await statements.deleteExpired()
    }
  }
}
