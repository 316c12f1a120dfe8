import { readNewClientKeys } from '../../core/partners/client-keys.js'
import { HttpFailure } from '../../http/failure.js'

/**
 * The public keys of a client as they are stored, or `undefined` where none are sent.
 * @throws HttpFailure `invalid_body` for a set that no client can sign with
 */
export function toStoredKeys (jwks: object | undefined): string | undefined {
  if (jwks === undefined) return undefined
  const text = JSON.stringify(jwks)
  try {
    readNewClientKeys(text)
  } catch (error) {
    const { message } = error as Error
    throw new HttpFailure('invalid_body', {
      problems: [{ part: 'body', path: ['jwks'], keyword: 'jwks', params: {}, message }]
    })
  }
  return text
}
