/**
 * An address in its plain form (RFC 5322 3.4.1 dot-atom, RFC 1035 2.3.1 labels): no quotes, no comments, ASCII. The
 * last label begins with a letter, as all top-level domains do: an IP address is no domain.
 */
const plainAddress = new RegExp(
  "^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*" +
  '@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$')

/** The longest address that fits an SMTP path (RFC 5321 4.5.3.1.3, less the angle brackets). */
export const maxEmailLength = 254

/** One spelling of an email, for storage and for comparison. */
export function normalizeEmail (email: string): string {
  return email.trim().toLowerCase()
}

export function isEmail (text: string): boolean {
  const email = normalizeEmail(text)
  return email.length <= maxEmailLength && plainAddress.test(email)
}
