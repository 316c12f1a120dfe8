import type { Pool } from '../../src/db/pool.js'
import type { HttpConnection } from '../harness/http-connection.js'
import type { SessionKey } from '../subjects/session-row.js'
import { settings } from '../harness/settings.js'

export const password = 'correct horse battery staple'

const tasksEach = 10

/** Somebody who is signed in. */
export interface Member {
  email: string
  accessToken: string
  /** The newest one; every refresh replaces it. */
  refreshToken: string
  key: SessionKey
}

interface SignedIn {
  data: { token: string, refreshToken: string, user: { id: string } }
}

/** The address of the account with this number. */
export function emailOf (number: number): string {
  return `member${number}@example.com`
}

/** The body of a sign-in. */
export function credentials (email: string): string {
  return JSON.stringify({ email, password })
}

/**
 * Signs so many accounts in, all with the first account's password, and puts sessions of strangers between theirs.
 * Each has a few tasks.
 */
export async function signInMembers (sql: Pool, connection: HttpConnection, count: number): Promise<Member[]> {
  const members: Member[] = []
  for (let number = 0; number < count; number += 1) {
    const email = emailOf(number)
    await sql`
      INSERT INTO accounts (id, email, password_hash)
      SELECT gen_random_uuid(), ${email}, password_hash FROM accounts WHERE email = ${emailOf(0)}
      ON CONFLICT DO NOTHING`
    const { data } = JSON.parse(await connection.post('/api/auth/login', credentials(email))) as SignedIn
    const accountId = data.user.id.replace('user_', '')
    // Its sessions began a while ago, as most do that are refreshed.
    const [session] = await sql<[{ id: string }]>`
      UPDATE sessions AS session SET created_at = now() - interval '1 hour'
      WHERE account_id = ${accountId} RETURNING session.id`
    await sql`
      INSERT INTO tasks (account_id, id, title)
      SELECT ${accountId}, gen_random_uuid(), 'Task ' || n FROM generate_series(1, ${tasksEach}::int) AS n`
    members.push({
      email,
      accessToken: data.token,
      refreshToken: data.refreshToken,
      key: { accountId, sessionId: session.id }
    })
    await addStrangers(sql, number)
  }
  return members
}

async function addStrangers (sql: Pool, number: number): Promise<void> {
  await sql`
    WITH stranger AS (
      INSERT INTO accounts (id, email, password_hash)
      SELECT gen_random_uuid(), 'stranger' || ${number}::int || '-' || n || '@example.com', 'none'
      FROM generate_series(1, ${settings.sessionsBetween}::int) AS n
      RETURNING id, epoch
    )
    INSERT INTO sessions (account_id, id, contract, epoch, current_hash, address, user_agent, expires_at)
    SELECT id, gen_random_uuid(), 'partner', epoch, sha256(id::text::bytea), '127.0.0.1', 'bench',
      now() + interval '30 days'
    FROM stranger`
}
