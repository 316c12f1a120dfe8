import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { Sql } from 'postgres'
import type { Confirmations } from './confirmations.js'
import { AuthError, type TokenErrorReason } from '../errors.js'
import type { TokenIssuer, IssuedTokens } from '../sessions/token-issuer.js'
import type { Keyring } from '../keys/keyring.js'
import type { ClientInfo } from '../lib/client-info.js'
import { hashSecret, nextSecret, readRefreshToken, type RefreshToken } from '../tokens/refresh-token.js'
import {
  classifyReplay, rotate, type RefreshAttempt, type RefreshedRow, type RefreshPolicy, type ReplayRow
} from './rotation.js'
import type { Revocations } from '../revocations/revocations.js'
import { tokenErrorFor } from '../revocations/end-reasons.js'

export interface RefreshNeeds {
  sql: Sql
  keyring: Keyring
  policy: RefreshPolicy
  confirmations: Confirmations
  revocations: Revocations
  grants: TokenIssuer
}

const nonceBytes = 32

/**
 * Trades a refresh token for the next one and a new access token (RFC 6749 6, RFC 9700 4.14.2).
 *
 * The successor follows from the token, a stored nonce and the server's key, so the holder of the previous token
 * can be given the same one again although only hashes are stored. Rotation ends no access token in flight.
 * @throws AuthError `invalid_refresh_token` with the reason, or `unavailable`
 */
export function createRefresh ({ sql, keyring, policy, confirmations, revocations, grants }: RefreshNeeds) {
  return async function refresh (text: string, clientInfo: ClientInfo): Promise<IssuedTokens> {
    const token = readRefreshToken(keyring, text)
    if (token === null) throw refused('malformed')

    const nonce = randomBytes(nonceBytes)
    const successor = nextSecret(keyring[0], token.secret, nonce)
    const presented: RefreshAttempt = {
      token, nonce, hash: hashSecret(token.secret), successorHash: hashSecret(successor)
    }
    const stepped = await rotate(sql, policy, presented)
    if (stepped !== undefined) return grants.tokenPair(stepped, successorToken(token, stepped, successor))

    const confirmed = confirmations.pendingGeneration(token.sessionId)
    const judged = await classifyReplay(sql, policy, presented, confirmed, clientInfo.address)
    if (judged === undefined) throw refused('unknown')
    switch (judged.outcome) {
      case 'retried':
      case 'retried_late':
        return grants.tokenPair(judged, successorToken(token, judged, sameSuccessor(token, judged)))
      // The step found it expired by a clock that has been set back since: no fault of the client's. No test can.
      /* c8 ignore next 2 */
      case 'current':
        throw new AuthError('unavailable', { message: 'the database clock went backwards' })
      case 'reused':
        revocations.publish({ accountId: token.accountId, sessionId: token.sessionId })
        throw refused('reused')
      case 'expired':
        throw refused('expired')
      case 'ended':
        throw refused(tokenErrorFor(judged.end_reason))
    }
  }

  function successorToken (token: RefreshToken, row: RefreshedRow, secret: Buffer): RefreshToken {
    return { accountId: token.accountId, sessionId: token.sessionId, generation: row.generation, secret }
  }

  /** The step may have been made under the previous KEYTURN_SECRET: the stored hash tells which key it was. */
  function sameSuccessor (token: RefreshToken, row: ReplayRow): Buffer {
    const secrets = keyring.map(keys => nextSecret(keys, token.secret, row.nonce))
    const secret = secrets.find(secret => timingSafeEqual(hashSecret(secret), row.current_hash))
    if (secret === undefined) throw refused('unknown')
    return secret
  }
}

function refused (reason: TokenErrorReason): AuthError {
  return new AuthError('invalid_refresh_token', { reason })
}
