import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { Pool } from '../../db/pool.js'
import type { SessionContract } from '../../db/stored-values.js'
import { invalidRefreshToken } from '../errors.js'
import type { Keyring } from '../keys/keyring.js'
import type { ClientInfo } from '../lib/client-info.js'
import type { Outcomes } from '../lib/outcomes.js'
import { sha256 } from '../lib/secrets.js'
import { tokenErrorFor } from '../revocations/end-reasons.js'
import type { RevocationNotices } from '../revocations/revocation-notices.js'
import type { ContractOfKind } from '../sessions/session-kinds.js'
import type { TokenSubject } from '../sessions/session-row.js'
import type { IssuedTokens, TokenIssuer } from '../sessions/token-issuer.js'
import { nextSecret, readRefreshToken, type RefreshToken } from '../tokens/refresh-token.js'
import type { Confirmations } from './confirmations.js'
import type { FastForward } from './fast-forward.js'
import { recordAt } from './recent-rotations.js'
import { createReplay, type ReplayNeeds, type ReplayRow } from './replay.js'
import { createRotation, type RefreshAttempt, type RotationNeeds } from './rotation.js'

export interface TradeNeeds extends ReplayNeeds, Pick<RotationNeeds, 'lifetimes'> {
  /** For the rotation. */
  refreshSql: Pool
  keyring: Keyring
  confirmations: Pick<Confirmations, 'pendingGeneration'>
  fastForward: Pick<FastForward, 'refreshToken'>
  revocations: Pick<RevocationNotices, 'publish'>
  issuer: TokenIssuer
  outcomes: RefreshOutcomes
}

/** How attempts to refresh ended. */
export type RefreshOutcomes = Outcomes<{ contract: SessionContract }>

/** Who presents a refresh token, and where. */
export interface Presenter {
  contract: ContractOfKind<'refresh_token'>
  /** A partner service that does so on the user's behalf; `null` for the user's own application. */
  clientId?: string | null
}

const nonceBytes = 32

/**
 * Trades a refresh token for the next one and a new access token (RFC 6749 6, RFC 9700 4.14.2).
 *
 * The successor is derived from the token, a stored nonce and the server's key, so the holder of a token that was just
 * traded can be given the current one although only hashes are stored. Rotation ends no access token in flight.
 * A contract takes the tokens of its own sessions only; a client that trades one binds the session to itself
 * (RFC 6749 10.4).
 * @throws AuthError `invalid_refresh_token` with the reason, or `unavailable`
 */
export function createTrade (needs: TradeNeeds) {
  const { refreshSql, policy, lifetimes, keyring, confirmations, fastForward, revocations, issuer, outcomes } = needs
  const { rotate } = createRotation({ sql: refreshSql, lifetimes, retryWindow: policy.retryWindow })
  const replays = createReplay(needs)

  function issue (token: RefreshToken, subject: TokenSubject, secret: Buffer): IssuedTokens {
    const { accountId, sessionId } = token
    return issuer.tokenPair(subject, { accountId, sessionId, generation: subject.generation, secret })
  }

  /**
   * Walks the ratchet forward from a traded secret to the current one. Each rotation may have been made under the
   * previous KEYTURN_SECRET: the stored hashes show which key it was, and that the walk is the chain's own.
   */
  function currentSecret ({ secret }: RefreshToken, { depth, records, currentHash }: ReplayRow): Buffer {
    let walked = secret
    for (let rotation = depth; rotation > 0; rotation -= 1) {
      const { nonce } = recordAt(records, rotation)
      const hash = rotation === 1 ? currentHash : recordAt(records, rotation - 1).hash
      const secrets = keyring.map(keys => nextSecret(keys, walked, nonce))
      const next = secrets.find(secret => timingSafeEqual(sha256(secret), hash))
      if (next === undefined) throw invalidRefreshToken('unknown')
      walked = next
    }
    return walked
  }

  /** Of a token that could not be rotated. */
  async function replayed (
    attempt: RefreshAttempt, successor: Buffer, clientInfo: ClientInfo
  ): Promise<IssuedTokens> {
    const { token } = attempt
    const confirmedHere = confirmations.pendingGeneration(token.sessionId)
    const [replay] = await replays.classify(attempt, confirmedHere, clientInfo)
    if (replay === undefined) throw invalidRefreshToken('unknown')
    switch (replay.outcome) {
      case 'current':
      case 'retried':
      case 'retried_late':
        return issue(token, replay, currentSecret(token, replay))
      case 'ahead': {
        const forwarded = await fastForward.refreshToken(attempt, clientInfo)
        // Another request with this token was quicker, or the session has ended.
        return forwarded === undefined ? replayed(attempt, successor, clientInfo) : issue(token, forwarded, successor)
      }
      case 'reused':
        revocations.publish({ accountId: token.accountId, sessionId: token.sessionId })
        throw invalidRefreshToken('reused')
      case 'expired':
      case 'unknown':
      case 'wrong_client':
        throw invalidRefreshToken(replay.outcome)
      case 'ended':
        throw invalidRefreshToken(tokenErrorFor(replay.endReason))
    }
  }

  async function trade (
    text: string, clientInfo: ClientInfo, { contract, clientId = null }: Presenter
  ): Promise<IssuedTokens> {
    const token = readRefreshToken(keyring, text)
    if (token === null) throw invalidRefreshToken('malformed')

    const nonce = randomBytes(nonceBytes)
    const successor = nextSecret(keyring[0], token.secret, nonce)
    const attempt = {
      token, nonce, clientId, contract, hash: sha256(token.secret), successorHash: sha256(successor)
    }
    const rotated = await rotate(attempt)
    return rotated === undefined ? replayed(attempt, successor, clientInfo) : issue(token, rotated, successor)
  }

  return (
    text: string, clientInfo: ClientInfo, presenter: Presenter = { contract: 'partner' }
  ): Promise<IssuedTokens> => outcomes.of({ contract: presenter.contract }, () => trade(text, clientInfo, presenter))
}
