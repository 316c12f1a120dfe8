import type { Database } from '../../db/database.js'
import { removedSubjects } from '../../db/partner-schema.js'
import { and, eq } from '../../db/query.js'
import { AuthError } from '../errors.js'
import type { Client } from '../partners/clients.js'
import { allSessions } from './event-statements.js'

/** Whom events are about: an account with all its sessions, or one session of it. */
export interface EventSubject {
  accountId: string
  sessionId?: string | undefined
}

export interface SubjectsNeeds {
  db: Pick<Database, 'query'>
  /** Wakes the polls that wait. */
  announce: () => void
}

/** Removed subjects of a client at most. */
const maxRemoved = 10_000

/** Of whose events a client wants none: all are in its stream until they are removed (SSF 1.0, section 8.1.3). */
export function createSubjects ({ db: { query }, announce }: SubjectsNeeds) {
  return (client: Pick<Client, 'id'>) => {
    const ofClient = eq(removedSubjects.clientId, client.id)

    return {
      /** Sends no more events about a subject. @throws AuthError `subject_limit_reached` */
      async remove ({ accountId, sessionId = allSessions }: EventSubject): Promise<void> {
        if (await query.$count(removedSubjects, ofClient) >= maxRemoved) throw new AuthError('subject_limit_reached')
        await query.insert(removedSubjects).values({ clientId: client.id, accountId, sessionId }).onConflictDoNothing()
      },

      /** Sends events about a subject again. A session stays removed while its account is. */
      async add ({ accountId, sessionId = allSessions }: EventSubject): Promise<void> {
        const isIt = and(eq(removedSubjects.accountId, accountId), eq(removedSubjects.sessionId, sessionId))
        await query.delete(removedSubjects).where(and(ofClient, isIt))
        announce()
      }
    }
  }
}
