import { randomUUID } from 'node:crypto'
import type { Database } from '../../db/database.js'
import { clients, eventStreams } from '../../db/partner-schema.js'
import { and, eq, expression, inArray, isNull, lt, or } from '../../db/query.js'
import type { Pool } from '../../db/pool.js'
import type { StreamStatus } from '../../db/stored-values.js'
import { AuthError } from '../errors.js'
import type { Client } from '../partners/clients.js'

export { streamStatuses, type StreamStatus } from '../../db/stored-values.js'

/** What a client configures of its events. */
export interface StreamConfiguration {
  description?: string | null | undefined
  /** Event types by their URI, `null` for all. One that is not supported is kept, and has no effect. */
  requestedTypes?: string[] | null | undefined
}

export type Stream = Pick<
  typeof eventStreams.$inferSelect, 'id' | 'description' | 'requestedTypes' | 'status' | 'statusReason'
>

/** A verification event that is to be sent. */
export interface VerificationRow {
  id: string
  streamId: string
  state: string | null
}

export interface StreamsNeeds {
  db: Pick<Database, 'sql' | 'query'>
  /** Wakes the polls that wait. */
  announce: () => void
}

export type StreamsOf = ReturnType<typeof createStreams>

/** Seconds between two verifications of a stream. */
export const minVerificationInterval = 60

/** Seconds: operators need not know it to the second, and each partner acknowledges each event. */
const acknowledgedPrecision = 10

const { eventsAcknowledgedAt } = clients
const { id, description, requestedTypes, status, statusReason } = eventStreams
const shownColumns = { id, description, requestedTypes, status, statusReason }

/** The event stream of a client, at most one (OpenID Shared Signals Framework 1.0, section 8.1). */
export function createStreams ({ db: { sql, query }, announce }: StreamsNeeds) {
  return (client: Pick<Client, 'id'>) => {
    const ofClient = eq(eventStreams.clientId, client.id)
    const isIt = (streamId: string) => and(ofClient, expression`${id}::text = ${streamId}`)

    async function find (): Promise<Stream | undefined> {
      const [stream] = await query.select(shownColumns).from(eventStreams).where(ofClient)
      return stream
    }

    /** @throws AuthError `stream_not_found` */
    async function get (streamId: string): Promise<Stream> {
      return required(await query.select(shownColumns).from(eventStreams).where(isIt(streamId)))
    }

    return {
      find,
      get,

      /** @throws AuthError `stream_exists` when the client has one */
      async create (configuration: StreamConfiguration): Promise<Stream> {
        const [stream] = await query.insert(eventStreams)
          .values({ clientId: client.id, id: randomUUID(), ...configuration })
          .onConflictDoNothing().returning(shownColumns)
        if (stream === undefined) throw new AuthError('stream_exists')
        return stream
      },

      /** Changes what is given. @throws AuthError `stream_not_found` */
      async update (streamId: string, configuration: StreamConfiguration): Promise<Stream> {
        if (Object.values(configuration).every(value => value === undefined)) return get(streamId)
        const stream = required(await query.update(eventStreams).set(configuration).where(isIt(streamId))
          .returning(shownColumns))
        announce()
        return stream
      },

      /** The client gets all events again, as without a stream. @throws AuthError `stream_not_found` */
      async delete (streamId: string): Promise<void> {
        required(await query.delete(eventStreams).where(isIt(streamId)).returning(shownColumns))
        announce()
      },

      /**
       * Sets what becomes of its events. What happens while it is disabled is not sent later either.
       * @throws AuthError `stream_not_found`
       */
      async setStatus (streamId: string, status: StreamStatus, statusReason: string | null): Promise<Stream> {
        if (status !== 'disabled') {
          await query.update(eventStreams).set({ deliversFrom: expression`now()` })
            .where(and(isIt(streamId), eq(eventStreams.status, 'disabled')))
        }
        const stream = required(await query.update(eventStreams).set({ status, statusReason }).where(isIt(streamId))
          .returning(shownColumns))
        announce()
        return stream
      },

      /**
       * Sends a verification event, with the state that the client gave (SSF 1.0, section 8.1.4).
       * @throws AuthError `stream_not_found`, `too_many_verifications` for more than one in a minute
       */
      async verify (streamId: string, state: string | null): Promise<void> {
        await get(streamId)
        const [asked] = await query.update(eventStreams)
          .set({ verificationId: randomUUID(), verificationState: state, verifiedAt: expression`now()` })
          .where(and(isIt(streamId), lt(eventStreams.verifiedAt, ago(minVerificationInterval)))).returning({ id })
        if (asked === undefined) throw new AuthError('too_many_verifications', { retryAfter: minVerificationInterval })
        announce()
      },

      /** The verification event that a poll is to get, until it is acknowledged. */
      async pendingVerification (): Promise<VerificationRow | null> {
        const [verification = null] = await selectPendingVerification(sql, client.id)
        return verification
      },

      /** Notes that the client acknowledged something, which may have been a verification event. */
      async acknowledge (ids: string[]): Promise<void> {
        await query.update(eventStreams).set({ verificationId: null })
          .where(and(ofClient, inArray(eventStreams.verificationId, ids)))
        const isStale = or(isNull(eventsAcknowledgedAt), lt(eventsAcknowledgedAt, ago(acknowledgedPrecision)))
        await query.update(clients).set({ eventsAcknowledgedAt: expression`now()` })
          .where(and(eq(clients.id, client.id), isStale))
      }
    }
  }
}

const ago = (seconds: number) => expression`now() - make_interval(secs => ${seconds})`

/** By hand, since every poll asks for it. */
export function selectPendingVerification (sql: Pool, clientId: string) {
  return sql<VerificationRow[]>`
    SELECT stream.verification_id AS id, stream.id AS stream_id, stream.verification_state AS state
    FROM event_streams AS stream
    WHERE stream.client_id = ${clientId} AND stream.status = 'enabled' AND stream.verification_id IS NOT NULL`
}

function required ([stream]: Stream[]): Stream {
  if (stream === undefined) throw new AuthError('stream_not_found')
  return stream
}
