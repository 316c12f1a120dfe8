import { BlockList, isIP } from 'node:net'
import { isAddress } from '../db/address.js'
import { parseDuration } from './duration.js'

/** One environment variable: what it means, its default, its valid texts and their values. */
export interface Variable<Value> {
  description: string
  /** The text that stands for an unset variable; `undefined` where unset is a value of its own. */
  default: string | undefined
  isValid (text: string): boolean
  /** Completes "NAME …" in the error for any other text; never repeats the text, which may be a secret. */
  rule: string
  parse (text: string): Value
}

/** Of a variable without a default. */
export type Optional<Value> = Variable<Value | undefined>

export const minSecretBytes = 32
const wholeNumber = /^\d{1,9}$/
/** `name <address>`, the name perhaps in quotes, or an address alone. */
const mailbox = /^(?:"?([^"<>\r\n]*?)"?\s*<([^\s<>@]+@[^\s<>@]+)>|([^\s<>@]+@[^\s<>@]+))$/

export const text = (defaultText: string, description: string): Variable<string> => ({
  description, default: defaultText, isValid: () => true, rule: '', parse: value => value
})

/** Any text, or none. */
export const optionalText = (description: string): Optional<string> => ({
  description, default: undefined, isValid: () => true, rule: '', parse: value => value
})

/** The sender of mails. */
export const sender = (description: string): Optional<{ name: string, address: string }> => ({
  description,
  default: undefined,
  isValid: value => mailbox.test(value),
  rule: 'must be an address such as no-reply@example.com, or Example <no-reply@example.com>',
  parse (value) {
    const [, name = '', named, bare = ''] = mailbox.exec(value) ?? []
    return { name, address: named ?? bare }
  }
})

/** Seconds, at least 1. */
export const duration = (defaultText: string, description: string): Variable<number> => ({
  description,
  default: defaultText,
  isValid: value => (parseDuration(value) ?? 0) > 0,
  rule: 'must be a duration of at least 1 s, such as 90s, 15m, 1h, 30d or plain seconds',
  parse: value => Number(parseDuration(value))
})

/** Seconds, or 0 for no window at all. */
export const window = (defaultText: string, description: string): Variable<number> => ({
  ...duration(defaultText, description),
  isValid: value => parseDuration(value) !== null,
  rule: 'must be a duration such as 10s or 24h, or 0'
})

export const integer = (defaultNumber: number, description: string, minimum = 0): Variable<number> => ({
  description,
  default: String(defaultNumber),
  isValid: value => wholeNumber.test(value) && Number(value) >= minimum,
  rule: minimum === 0 ? 'must be a whole number' : `must be a whole number of at least ${minimum}`,
  parse: Number
})

export const choice = <Value extends string> (
  values: readonly Value[], defaultValue: Value, description: string
): Variable<Value> => ({
    description,
    default: defaultValue,
    isValid: value => values.some(each => each === value),
    rule: `must be one of ${values.join(', ')}`,
    parse: value => value as Value
  })

export const origin = (defaultText: string, description: string): Variable<string> => ({
  ...text(defaultText, description),
  isValid: isOrigin,
  rule: 'must be an http or https origin without a path or a slash at its end, such as https://auth.example.com'
})

export const originList = (description: string): Variable<string[]> => ({
  description,
  default: '',
  isValid: value => splitList(value).every(isOrigin),
  rule: 'must be a comma-separated list of origins, such as https://app.example.com',
  parse: splitList
})

export const cidrList = (description: string): Variable<string[]> => ({
  description,
  default: '',
  isValid: value => splitList(value).every(isTrustworthyCidr),
  rule: 'must be a comma-separated list of CIDRs, such as 10.0.0.0/8,::1/128, none of which trusts every address',
  parse: splitList
})

export const secret = (description: string): Optional<string> => ({
  description,
  default: undefined,
  isValid: isStrongSecret,
  rule: `must be at least ${minSecretBytes} bytes long`,
  parse: value => value
})

/** A secret that is sent in a header (RFC 6750 2.1). */
export const bearerSecret = (description: string): Optional<string> => ({
  ...secret(description),
  isValid: value => isStrongSecret(value) && /^[\w.~+/-]+=*$/.test(value),
  rule: `must be at least ${minSecretBytes} characters of A-Z a-z 0-9 - . _ ~ + /`
})

/** A URL with one of these schemes. */
export const url = (schemes: readonly string[], example: string, description: string): Optional<string> => ({
  description,
  default: undefined,
  isValid: value => URL.canParse(value) && schemes.some(scheme => value.startsWith(`${scheme}://`)),
  rule: `must be a URL such as ${example}`,
  parse: value => value
})

/** A connection URI of Postgres, in any of libpq's forms. */
export const databaseUrl = (description: string): Optional<string> => ({
  ...url(['postgres', 'postgresql'], 'postgres://user:password@host:5432/database', description),
  isValid: isAddress,
  rule: 'must be a URL such as postgres://user:password@host:5432/database, or with several hosts ' +
    'postgres://user:password@host1:5432,host2:5432/database; target_session_attrs can be read-write or primary'
})

/** Whether a secret is long enough to be one. */
export function isStrongSecret (value: string): boolean {
  return Buffer.byteLength(value) >= minSecretBytes
}

/** An origin as a browser serializes it: no path, no default port, lower case (RFC 6454 6.2). */
function isOrigin (value: string): boolean {
  return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol) && new URL(value).origin === value
}

function splitList (list: string): string[] {
  return list.split(',').map(item => item.trim()).filter(item => item !== '')
}

/** No bits at all would trust everyone; an IPv4-mapped prefix under 97 bits, every IPv4 address (CVE-2026-92395). */
function isTrustworthyCidr (cidr: string): boolean {
  const [address = '', bits, ...rest] = cidr.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return false
  const width = family === 4 ? 32 : 128
  if (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) > 0 && Number(bits) <= width)) return false
  const mapped = new BlockList()
  mapped.addSubnet('::ffff:0:0', 96, 'ipv6')
  return family === 4 || bits === undefined || Number(bits) > 96 || !mapped.check(address, 'ipv6')
}
