import { createEventFeed, type FeedState } from './event-feed.js'
import { InvalidToken } from './invalid-token.js'
import { createIssuer } from './issuer.js'
import { createSessionStates, type SessionStatesOptions } from './session-states.js'
import { createTokenVerifier, type AccessClaims } from './token-verifier.js'

export interface PartnerOptions extends SessionStatesOptions {
  /** Keyturn's `PUBLIC_URL`, or another issuer with RFC 8414, RFC 7662 and a stream of RFC 8936. */
  issuer: string
  /** A client with the grants `introspect` and `events`. */
  clientId: string
  clientSecret: string
  /**
   * For whom tokens must be. Left out, those are taken that the issuer made for itself, as users of contract `partner`
   * have them; with it, only tokens that were exchanged for this audience.
   */
  audience?: string
  /** What becomes of a good token when the issuer cannot be asked about its session: 503, or accepted until it ends. */
  onUncertain?: 'reject' | 'accept'
  fetch?: typeof globalThis.fetch
  /** Gets what is reported and not thrown, such as a poll that failed. */
  onError?: (error: unknown) => void
}

/** Whose token it is. */
export interface Account {
  /** `sub`. */
  id: string
  sessionId: string | undefined
  email: string | undefined
  scopes: string[]
  clientId: string | undefined
  claims: AccessClaims
}

export interface Health {
  feed: FeedState
  lastEventAt: Date | null
  jwksAgeSeconds: number | null
  /** Tokens accepted although the issuer could not be asked. */
  acceptedUncertain: number
}

export interface ExchangedToken {
  accessToken: string
  /** Seconds. */
  expiresIn: number
  scope: string | undefined
}

export type Partner = ReturnType<typeof createPartner>

const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange'
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'

/** Verifies access tokens here, and hears from the issuer of every session that ends. */
export function createPartner (options: PartnerOptions) {
  const {
    issuer, clientId, clientSecret, audience = issuer, onUncertain = 'reject', fetch = globalThis.fetch,
    onError = () => {}
  } = options
  const source = createIssuer({ issuer, clientId, clientSecret, fetch })
  const tokens = createTokenVerifier({ issuer, audience, fetch, source })
  const sessions = createSessionStates(options)
  /** Sessions that the issuer is being asked about; an event meanwhile takes the answer's worth. */
  const asking = new Map<string, Promise<boolean>>()
  let acceptedUncertain = 0

  const feed = createEventFeed({
    issuer,
    source,
    verifyEvent: token => tokens.verifyEvent(token),
    apply ({ account, session }) {
      if (session !== undefined) {
        sessions.markEnded(session)
        asking.delete(session)
      } else if (account !== undefined) {
        sessions.forgetAccount(account)
        asking.clear()
      }
    },
    onError
  })

  async function introspect (token: string): Promise<boolean> {
    const { introspectionEndpoint } = await source.metadata()
    const { active } = await source.post(introspectionEndpoint, { token })
    return active === true
  }

  /**
   * Asks the issuer, once for all requests of the session that come meanwhile; and once more when an event came
   * between, since the answer may be from before it.
   */
  function ask (session: string, account: string, token: string, isRepeated = false): Promise<boolean> {
    const underWay = asking.get(session)
    if (underWay !== undefined) return underWay
    const answer: Promise<boolean> = introspect(token).finally(() => {
      isOutdated = asking.get(session) !== answer
      if (!isOutdated) asking.delete(session)
    }).then(isLive => {
      if (isLive && isOutdated && !isRepeated) return ask(session, account, token, true)
      if (!isLive) sessions.markEnded(session)
      else if (!isOutdated) sessions.markLive(session, account)
      return isLive
    })
    let isOutdated = false
    asking.set(session, answer)
    return answer
  }

  async function requireLive (session: string, account: string, token: string): Promise<void> {
    if (sessions.isEnded(session)) throw new InvalidToken('ended')
    if (feed.state === 'current' && sessions.isLive(session)) return
    let isLive: boolean
    try {
      isLive = await ask(session, account, token)
    } catch (error) {
      onError(error)
      if (onUncertain === 'reject') throw new InvalidToken('unavailable', { cause: error })
      acceptedUncertain += 1
      return
    }
    if (!isLive || sessions.isEnded(session)) throw new InvalidToken('ended')
  }

  return {
    /**
     * Whose a token is. A session that was seen before costs no request.
     * @throws InvalidToken with `reason`, `status` and `challenge`
     */
    async verify (token: string): Promise<Account> {
      const claims = await tokens.verify(token)
      const { sub, sid, email, scope = '', client_id: of } = claims
      await requireLive(sid ?? String(claims.jti), sub, token)
      return { id: sub, sessionId: sid, email, scopes: scope.split(' ').filter(Boolean), clientId: of, claims }
    },

    /**
     * Exchanges a user's token for one that is for another audience of this client (RFC 8693).
     * @throws Error when the issuer refuses
     */
    async exchange (token: string, wanted: { audience?: string, scope?: string } = {}): Promise<ExchangedToken> {
      const { tokenEndpoint } = await source.metadata()
      const { access_token: accessToken, expires_in: expiresIn, scope } = await source.post(tokenEndpoint, {
        grant_type: tokenExchange, subject_token: token, subject_token_type: accessTokenType, ...wanted
      }) as { access_token: string, expires_in: number, scope?: string }
      return { accessToken, expiresIn, scope }
    },

    /** How well this process hears the issuer. */
    health: (): Health => ({
      feed: feed.state, lastEventAt: feed.lastEventAt, jwksAgeSeconds: tokens.keyAgeSeconds, acceptedUncertain
    }),

    /** Ends the polling. */
    close: (): Promise<void> => feed.close()
  }
}
