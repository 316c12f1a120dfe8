import type { Settings } from '../../config/settings.js'
import { unavailable } from '../../core/errors.js'
import { createKeyStore } from '../../core/keys/key-store.js'
import { createKeyring } from '../../core/keys/keyring.js'
import { createEventStatements } from '../../core/security-events/event-statements.js'
import { openDatabase, type Database } from '../../db/database.js'
import { bad, good, warning, type Finding } from './finding.js'

/** Seconds that a mail, or an event of a partner, may wait. */
const patience = { mail: 900, event: 60 }

/** What is in the database: keys, and what waits to be sent or fetched. */
export async function examineContents (url: string, { secrets, lifetimes }: Settings): Promise<Finding[]> {
  const database = openDatabase({ target: { url }, poolMax: 1, toUnavailable: unavailable })
  try {
    await database.servers.search()
    return [
      ...await examineKeys(database, secrets),
      ...await examineEvents(database, Math.max(lifetimes.accessToken, lifetimes.longAccessToken)),
      ...await examineMails(database)
    ]
  } finally {
    await database.close()
  }
}

async function examineKeys (db: Database, { current, previous }: Settings['secrets']): Promise<Finding[]> {
  // With DATABASE_URL there is one.
  const keyring = createKeyring(String(current), previous)
  const unreadable = await createKeyStore({ db, keyring }).unreadable()
  return unreadable.length === 0
    ? [good('keys', 'KEYTURN_SECRET opens all signing keys')]
    : [bad('keys', `${unreadable.length} signing keys were sealed with another KEYTURN_SECRET`,
        'give that one as KEYTURN_SECRET_PREVIOUS')]
}

async function examineEvents ({ sql }: Database, maxTokenLifetime: number): Promise<Finding[]> {
  const receivers = await createEventStatements(sql, maxTokenLifetime).selectReceivers()
  return receivers.map(({ id, lag }) => lag > patience.event
    ? warning('events', `${id} has not fetched events of ${Math.round(lag)} s ago`, `keyturn client events ${id}`)
    : good('events', `${id} fetches its events`))
}

async function examineMails ({ sql }: Database): Promise<Finding[]> {
  const [{ count, seconds }] = await sql<[{ count: number, seconds: number | null }]>`
    SELECT count(*)::int AS count, extract(epoch FROM now() - min(created_at))::float8 AS seconds
    FROM mails WHERE recipient IS NOT NULL AND sent_at IS NULL AND failed_at IS NULL`
  return [Number(seconds) > patience.mail
    ? warning('mail', `${count} mails wait, the oldest for ${Math.round(Number(seconds) / 60)} min`,
      'keyturn mail queue')
    : good('mail', `${count} mails wait`)]
}
