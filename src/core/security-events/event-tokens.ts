import { signJws } from '../keys/jws.js'
import type { SigningKeys } from '../keys/signing-keys.js'
import type { Client } from '../partners/clients.js'
import type { EventRow } from './event-statements.js'
import { detailsOf, sessionRevoked, verificationType } from './event-types.js'
import type { VerificationRow } from './streams.js'

export interface EventTokensNeeds {
  keys: Pick<SigningKeys, 'current'>
  issuer: string
  /** Milliseconds since 1970. */
  now: () => number
}

/** A security event token (RFC 8417), which is signed when it is sent. */
export interface EventToken {
  id: string
  sign: () => string
}

export type EventTokens = ReturnType<typeof createEventTokens>

/** Makes security event tokens for a client. Nothing of them can be taken for an access token (RFC 8417 4.5). */
export function createEventTokens ({ keys, issuer, now }: EventTokensNeeds) {
  const sign = (client: Client, claims: { jti: string, toe?: number, sub_id: object, events: object }) =>
    signJws(keys.current(), {
      iss: issuer, aud: client.audience, iat: Math.floor(now() / 1000), ...claims
    }, 'secevent+jwt')

  return {
    /** Its subject is the session, or the account with all its sessions (RFC 9493 3.2.3, SSF 1.0, section 3.2). */
    ofEvent (client: Client, event: EventRow): EventToken {
      const { id, type, accountId, sessionId, at } = event
      const user = { format: 'iss_sub', iss: issuer, sub: accountId }
      const session = { format: 'opaque', id: sessionId }
      const isOfSession = sessionId !== null && type === sessionRevoked
      return {
        id,
        sign: () => sign(client, {
          jti: id,
          toe: at,
          sub_id: isOfSession ? { format: 'complex', user, session } : user,
          events: { [type]: detailsOf(event) }
        })
      }
    },

    /** Its subject is the stream (SSF 1.0, section 8.1.4.1). */
    ofVerification (client: Client, { id, streamId, state }: VerificationRow): EventToken {
      return {
        id,
        sign: () => sign(client, {
          jti: id,
          sub_id: { format: 'opaque', id: streamId },
          events: { [verificationType]: state === null ? {} : { state } }
        })
      }
    }
  }
}
