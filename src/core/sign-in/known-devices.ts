import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { normalizeEmail } from '../accounts/email.js'
import type { Keyring, Keys } from '../keys/keyring.js'

export interface KnownDevicesNeeds {
  keyring: Keyring
  /** Milliseconds since 1970. */
  now: () => number
}

export type KnownDevices = ReturnType<typeof createKnownDevices>

/** Seconds for which a device is known after a sign-in: as long as browsers keep a cookie (RFC 6265bis 5.5). */
export const deviceLifetime = 400 * 86_400

const nonceBytes = 16

/** `time.nonce.mac`: seconds since 1970, and what distinguishes the devices of an account. */
const deviceToken = /^(\d{10,12})\.([\w-]{22})\.([\w-]{43})$/

/**
 * Recognizes devices on which an account has signed in before, by a token that only its sign-in gives out (OWASP,
 * device cookies). The attempts of such a device count by themselves: strangers cannot use them up. The token proves
 * nothing else, and nothing is stored of it.
 */
export function createKnownDevices ({ keyring, now }: KnownDevicesNeeds) {
  const macOf = ({ throttle }: Keys, email: string, time: string, nonce: string) =>
    createHmac('sha256', throttle).update(JSON.stringify(['device', email, time, nonce])).digest()

  return {
    /** A token for the device on which the account with this email has just signed in. */
    issue (this: void, email: string): string {
      const time = String(Math.floor(now() / 1000))
      const nonce = randomBytes(nonceBytes).toString('base64url')
      return `${time}.${nonce}.${macOf(keyring[0], normalizeEmail(email), time, nonce).toString('base64url')}`
    },

    /** The device that the account's sign-in gave the token to, or `null` for any other text. */
    recognize (token: string | null, email: string): string | null {
      const [, time = '', nonce = '', mac = ''] = deviceToken.exec(token ?? '') ?? []
      if (nonce === '' || Number(time) + deviceLifetime < now() / 1000) return null
      const given = Buffer.from(mac, 'base64url')
      const isOurs = keyring.some(keys => timingSafeEqual(macOf(keys, normalizeEmail(email), time, nonce), given))
      return isOurs ? nonce : null
    }
  }
}
