import { isUtf8 } from 'node:buffer'
import { invalidToken } from '../errors.js'
import { maxTokenLength, readJws } from './compact-jws.js'
import { accessTokenTypes, type JwsKey, type JwsType } from './jws-engine.js'
import { hasLowS, toLowS } from './low-s.js'
import type { SigningKeys } from './signing-keys.js'

/** Base64url of at least one byte, without padding; the bits of its last character that mean nothing are zero. */
const strictBase64url = /^(?=.)(?:[\w-]{4})*(?:[\w-]{2}[AEIMQUYcgkosw048]|[\w-][AQgw])?$/

/** Signs claims, which have `iat`; the header carries what the verifier selects the key by. */
export function signJws ({ engine, algorithm }: JwsKey, claims: object, typ: JwsType = 'JWT'): string {
  const token = engine.sign(claims, typ)
  if (algorithm !== 'ES256') return token
  const start = token.lastIndexOf('.') + 1
  const signature = Buffer.from(token.slice(start), 'base64url')
  return hasLowS(signature) ? token : token.slice(0, start) + toLowS(signature).toString('base64url')
}

/**
 * The claims of an access token that the key signed, spelled as Keyturn spells it, else `null`. The header is
 * compared as text with those that Keyturn writes, so that no parameter in it has an effect (RFC 8725 3.1, 3.10).
 */
export function verifyJws (token: string, { headers, algorithm, engine }: JwsKey): object | null {
  const typ = accessTokenTypes.find(typ => token.startsWith(`${headers[typ]}.`))
  if (typ === undefined || token.length > maxTokenLength) return null
  const payloadStart = headers[typ].length + 1
  const payloadEnd = token.lastIndexOf('.')
  const payload = token.slice(payloadStart, payloadEnd)
  const signature = token.slice(payloadEnd + 1)
  if (!strictBase64url.test(payload) || !strictBase64url.test(signature)) return null
  if (!isUtf8(Buffer.from(payload, 'base64url'))) return null
  if (algorithm === 'ES256' && !hasLowS(Buffer.from(signature, 'base64url'))) return null
  return engine.verify(token, typ)
}

/**
 * The claims of an access token that one of the keys signed.
 * @throws AuthError `invalid_token` (`malformed`, `bad_signature`), or `unavailable` while the keys are not loaded
 */
export async function readSigned (token: string, keys: Pick<SigningKeys, 'find' | 'findByHeader'>): Promise<object> {
  if (token.length > maxTokenLength) throw invalidToken('malformed')
  const key = keys.findByHeader(token.slice(0, token.indexOf('.'))) ?? await findByName(token, keys)
  const claims = key === null ? null : verifyJws(token, key)
  if (claims !== null) return claims
  throw invalidToken(readJws(token) === null ? 'malformed' : 'bad_signature')
}

/** An unknown header may belong to a key that another instance has just generated. */
async function findByName (token: string, keys: Pick<SigningKeys, 'find'>): Promise<JwsKey | null> {
  const kid = readJws(token)?.header.kid
  return typeof kid === 'string' ? keys.find(kid) : null
}
