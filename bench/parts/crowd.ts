import { createHash, createHmac } from 'node:crypto'
import { Client } from 'pg'
import { createKeyring, type Keyring } from '../../src/core/keys/keyring.js'
import { sha256 } from '../../src/core/lib/secrets.js'
import { writeRefreshToken } from '../../src/core/tokens/refresh-token.js'

/*
 * Accounts in any number, each with a session, whose tokens can be made without asking for them: everything about
 * the person with a number follows from the number.
 */

const chunk = 250_000

/** Bytes of the sessions and of their key. */
export interface SessionBytes {
  table: number
  key: number
}

/** Puts people with the numbers below `size` into a database that has the schema and nobody in it. */
export async function addCrowd (databaseUrl: string, size: number): Promise<SessionBytes> {
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  // Foreign keys are checked row by row otherwise; all of these fit. A crash would only end the run.
  await client.query('SET session_replication_role = replica')
  await client.query('SET synchronous_commit = off')
  for (let first = 0; first < size; first += chunk) {
    const range = [first, Math.min(first + chunk, size) - 1]
    await client.query(`
      INSERT INTO accounts (id, email, password_hash)
      SELECT md5('account' || n)::uuid, 'person' || n || '@example.com', rpad('$argon2id$', 97, '-')
      FROM generate_series($1::int, $2::int) AS n ORDER BY 1`, range)
    await client.query(`
      INSERT INTO sessions (account_id, id, contract, epoch, current_hash, address, network, user_agent, expires_at)
      SELECT md5('account' || n)::uuid, md5('session' || n)::uuid, 'partner', 0,
        sha256(sha256(('secret' || n)::bytea)), '127.0.0.1', '127.0.0.1', 'a browser of the usual length, or an app',
        now() + interval '30 days'
      FROM generate_series($1::int, $2::int) AS n ORDER BY 1`, range)
  }
  await client.query('VACUUM (ANALYZE) accounts, sessions')
  await client.query('CHECKPOINT')
  const { rows: [bytes] } = await client.query<SessionBytes>(`
    SELECT pg_table_size('sessions')::float8 AS table, pg_indexes_size('sessions')::float8 AS key`)
  await client.end()
  if (bytes === undefined) throw new Error('the sessions have no size')
  return bytes
}

/** Makes the tokens of a crowd; access tokens are signed HS256, with `JWT_SECRET`. */
export function crowdTokens ({ KEYTURN_SECRET, JWT_SECRET, PUBLIC_URL }: Record<string, string>) {
  const keyring: Keyring = createKeyring(KEYTURN_SECRET ?? '')
  const header = base64url({ alg: 'HS256', typ: 'JWT', kid: 'hs256' })
  const exp = Math.floor(Date.now() / 1000) + 86_400

  return {
    refreshToken (number: number): string {
      return writeRefreshToken(keyring, {
        accountId: uuidOf('account', number),
        sessionId: uuidOf('session', number),
        generation: 0,
        secret: sha256(Buffer.from(`secret${number}`))
      })
    },

    accessToken (number: number): string {
      const claims = base64url({
        iss: PUBLIC_URL,
        aud: PUBLIC_URL,
        sub: uuidOf('account', number),
        sid: uuidOf('session', number),
        gen: 0,
        contract: 'partner',
        email: `person${number}@example.com`,
        jti: String(number),
        iat: exp - 86_400,
        exp
      })
      const signature = createHmac('sha256', JWT_SECRET ?? '').update(`${header}.${claims}`).digest('base64url')
      return `${header}.${claims}.${signature}`
    }
  }
}

function uuidOf (kind: string, number: number): string {
  const hex = createHash('md5').update(`${kind}${number}`).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

function base64url (value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
