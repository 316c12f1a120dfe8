import { isUtf8 } from 'node:buffer'

/** A token in compact form (RFC 7515 7.1), parsed, but its signature not yet verified. */
export interface CompactJws {
  header: Record<string, unknown>
  payload: Record<string, unknown>
  signingInput: string
  signature: Buffer
}

/** Characters of the longest token that is read; those of Keyturn are far shorter. */
export const maxTokenLength = 8192

/** Three parts of base64url without padding and nothing around them. */
const compactForm = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/

/** Reads the strict compact form; returns `null` for any other spelling, even one that a lenient parser accepts. */
export function readJws (token: string): CompactJws | null {
  if (token.length > maxTokenLength) return null
  const [, header = '', payload = '', signature = ''] = compactForm.exec(token) ?? []
  const decoded = { header: decodeObject(header), payload: decodeObject(payload), signature: decode(signature) }
  if (decoded.header === null || decoded.payload === null || decoded.signature === null) return null
  return {
    header: decoded.header,
    payload: decoded.payload,
    signingInput: `${header}.${payload}`,
    signature: decoded.signature
  }
}

/** The last character of base64url may carry bits that mean nothing; only zero bits there are canonical. */
function decode (part: string): Buffer | null {
  const bytes = Buffer.from(part, 'base64url')
  return bytes.length > 0 && bytes.toString('base64url') === part ? bytes : null
}

function decodeObject (part: string): Record<string, unknown> | null {
  const bytes = decode(part)
  if (bytes === null || !isUtf8(bytes)) return null
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? value as Record<string, unknown> : null
  } catch {
    return null
  }
}
