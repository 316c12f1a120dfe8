import { randomBytes, timingSafeEqual } from 'node:crypto'
import { AuthError, invalidRefreshToken } from '../errors.js'
import type { Keyring } from '../keys/keyring.js'
import type { ClientInfo } from '../lib/client-info.js'
import { sha256 } from '../lib/secrets.js'
import { tokenErrorFor } from '../revocations/end-reasons.js'
import type { RevocationNotices } from '../revocations/revocation-notices.js'
import type { TokenSubject } from '../sessions/session-row.js'
import type { IssuedTokens, TokenIssuer } from '../sessions/token-issuer.js'
import { nextSecret, readRefreshToken, type RefreshToken } from '../tokens/refresh-token.js'
import type { Confirmations } from './confirmations.js'
import { createReplay, type ReplayNeeds, type ReplayRow } from './replay.js'
import { createRotation, type RotationNeeds } from './rotation.js'

export interface TradeNeeds extends RotationNeeds, ReplayNeeds {
  keyring: Keyring
  confirmations: Pick<Confirmations, 'pendingGeneration'>
  revocations: Pick<RevocationNotices, 'publish'>
  issuer: TokenIssuer
}

const nonceBytes = 32

/**
 * Trades a refresh token for the next one and a new access token (RFC 6749 6, RFC 9700 4.14.2).
 *
 * The successor is derived from the token, a stored nonce and the server's key, so the holder of the previous token
 * can be given the same one again although only hashes are stored. Rotation ends no access token in flight.
 * A client that trades one binds the session to itself (RFC 6749 10.4); `clientId` is `null` for the user's own
 * application.
 * @throws AuthError `invalid_refresh_token` with the reason, or `unavailable`
 */
export function createTrade (needs: TradeNeeds) {
  const { keyring, confirmations, revocations, issuer } = needs
  const { rotate } = createRotation(needs)
  const replays = createReplay(needs)

  function issue (token: RefreshToken, subject: TokenSubject, secret: Buffer): IssuedTokens {
    const { accountId, sessionId } = token
    return issuer.tokenPair(subject, { accountId, sessionId, generation: subject.generation, secret })
  }

  /** The rotation may have been made under the previous KEYTURN_SECRET: the stored hash shows which key it was. */
  function sameSuccessor (token: RefreshToken, { nonce, currentHash }: ReplayRow): Buffer {
    const secrets = keyring.map(keys => nextSecret(keys, token.secret, nonce))
    const secret = secrets.find(secret => timingSafeEqual(sha256(secret), currentHash))
    if (secret === undefined) throw invalidRefreshToken('unknown')
    return secret
  }

  return async function trade (
    text: string, { address }: ClientInfo, clientId: string | null = null
  ): Promise<IssuedTokens> {
    const token = readRefreshToken(keyring, text)
    if (token === null) throw invalidRefreshToken('malformed')

    const nonce = randomBytes(nonceBytes)
    const successor = nextSecret(keyring[0], token.secret, nonce)
    const attempt = { token, nonce, clientId, hash: sha256(token.secret), successorHash: sha256(successor) }
    const [rotated] = await rotate(attempt)
    if (rotated !== undefined) return issue(token, rotated, successor)

    const confirmedHere = confirmations.pendingGeneration(token.sessionId)
    const [replay] = await replays.classify(attempt, confirmedHere, address)
    if (replay === undefined) throw invalidRefreshToken('unknown')
    switch (replay.outcome) {
      case 'retried':
      case 'retried_late':
        return issue(token, replay, sameSuccessor(token, replay))
      // The rotation found it expired by a clock that has been set back since, which no test can reproduce.
      /* c8 ignore next 2 */
      case 'current':
        throw new AuthError('unavailable', { message: 'the database clock went backwards' })
      case 'reused':
        revocations.publish({ accountId: token.accountId, sessionId: token.sessionId })
        throw invalidRefreshToken('reused')
      case 'expired':
      case 'wrong_client':
        throw invalidRefreshToken(replay.outcome)
      case 'ended':
        throw invalidRefreshToken(tokenErrorFor(replay.endReason))
    }
  }
}
