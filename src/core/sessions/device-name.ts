import Bowser from 'bowser'
import type { LiveSession } from './sessions.js'

/** The product of a user agent (RFC 9110 10.1.5), without its version. */
const product = /^[\w.-]+/

/**
 * What a person recognizes a device by: the name that its client gave it, or else what the user agent says, such as
 * "Safari on iPhone"; `null` when there is neither.
 */
export function deviceNameOf ({ deviceName, userAgent }: Pick<LiveSession, 'deviceName' | 'userAgent'>): string | null {
  if (deviceName !== null) return deviceName
  // The parser throws at an empty text.
  if (userAgent === null || userAgent === '') return null
  const { browser, os, platform } = Bowser.parse(userAgent)
  const [application] = product.exec(userAgent) ?? []
  const device = platform.model ?? os.name
  if (device === undefined) return application ?? null
  return browser.name === undefined || browser.name === '' ? device : `${browser.name} on ${device}`
}
