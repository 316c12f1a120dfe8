import type { Database } from '../../db/database.js'
import { AuthError } from '../errors.js'
import type { SigningKeys } from '../keys/signing-keys.js'
import { requireGrant, type Client } from '../partners/clients.js'
import type { Revocations } from '../revocations/index.js'
import { createChanges } from './changes.js'
import { createEventStatements } from './event-statements.js'
import { createEventTokens } from './event-tokens.js'
import { createFeedLag } from './feed-lag.js'
import { createPolls, type EventPage, type EventPoll } from './polls.js'
import { createStreams, type Stream } from './streams.js'
import { createSubjects } from './subjects.js'

export interface SecurityEventsNeeds {
  db: Pick<Database, 'sql' | 'query'>
  keys: Pick<SigningKeys, 'current'>
  revocations: Pick<Revocations, 'subscribe'>
  issuer: string
  /** The longest lifetime of an access token, in seconds; an older event concerns no token that is still valid. */
  maxTokenLifetime: number
  /** Milliseconds since 1970. */
  now: () => number
}

/** How a client's events stand. */
export interface FeedState {
  stream: Stream | null
  /** Seconds since its first unacknowledged event; 0 without one. */
  lag: number
  acknowledgedAt: Date | null
}

export type SecurityEvents = ReturnType<typeof createSecurityEvents>

/** A client as far as its events are concerned. */
export type EventReceiver = ReturnType<SecurityEvents['receiver']>

/** What partners get to know: security events, delivered at least once, in a stream that each may configure. */
export function createSecurityEvents ({ db, keys, revocations, issuer, maxTokenLifetime, now }: SecurityEventsNeeds) {
  const changes = createChanges()
  const { announce } = changes
  const statements = createEventStatements(db.sql, maxTokenLifetime)
  const streamOf = createStreams({ db, announce })
  const subjectsOf = createSubjects({ db, announce })
  const eventTokens = createEventTokens({ keys, issuer, now })
  const polls = createPolls({ statements, streamOf, changes, eventTokens })
  const lag = createFeedLag(statements)
  // Whatever a partner gets to know invalidates caches as well.
  revocations.subscribe(announce)

  return {
    /** What a client may do with its events. @throws AuthError `unauthorized_client` */
    receiver (client: Client) {
      requireGrant(client, 'events')
      return {
        /** As `createPolls` says. @throws AuthError `too_many_polls`, `unavailable` */
        poll: (poll: EventPoll): Promise<EventPage> => polls.poll(client, poll),
        stream: streamOf(client),
        subjects: subjectsOf(client)
      }
    },

    /** @throws AuthError `not_found` */
    async state (clientId: string): Promise<FeedState> {
      const [client] = await statements.selectReceivers(clientId)
      if (client === undefined) throw new AuthError('not_found', { message: 'no client has this id' })
      const { lag, eventsAcknowledgedAt: acknowledgedAt } = client
      return { stream: await streamOf(client).find() ?? null, lag, acknowledgedAt }
    },

    /** Deletes what all have acknowledged. */
    cleanUp: lag.compactAcknowledged,

    metrics: () => ({ feedLagSeconds: lag.seconds })
  }
}
