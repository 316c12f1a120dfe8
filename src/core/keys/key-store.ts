import { createPrivateKey, createPublicKey } from 'node:crypto'
import type { Database } from '../../db/database.js'
import { and, eq, expression } from '../../db/query.js'
import { signingKeys } from '../../db/schema.js'
import type { StoredAlgorithm } from '../../db/stored-values.js'
import { recordSubject } from '../audit/audit.js'
import type { ClientInfo } from '../lib/client-info.js'
import { thumbprint } from './jwk.js'
import type { KeyMaterial } from './jws-engine.js'
import type { Keyring } from './keyring.js'
import { seal, unseal } from './sealing.js'
import { generateKey } from './signature-algorithms.js'

type KeyRow = typeof signingKeys.$inferSelect & {
  /** Milliseconds by the database's clock until the key signs; negative when it does already. */
  signsInMs: number
}

/** A key of an algorithm; the numbers of an algorithm's keys are consecutive. */
export type StoredKey = Pick<KeyRow, 'algorithm' | 'number' | 'createdAt' | 'signsFrom' | 'signsInMs'> & {
  key: KeyMaterial
}

/** What a server does by itself is done by its policy. */
const thisServer: ClientInfo = { address: null, userAgent: null, actor: 'policy' }

export type KeyStore = ReturnType<typeof createKeyStore>

const signsInMs = expression<number>`
  extract(epoch FROM ${signingKeys.signsFrom} - now())::float8 * 1000`.as('signs_in_ms')

/** The signing keys in the database, the private half encrypted. Times are those of the database's clock. */
export function createKeyStore (
  { db: { sql, query }, keyring }: { db: Pick<Database, 'sql' | 'query'>, keyring: Keyring }
) {
  /** The public half is derived from the private one: without the secret no key can be added by SQL. */
  async function open ({ kid, sealedPrivateKey: sealed, ...row }: KeyRow): Promise<StoredKey> {
    const context = sealContext(row.algorithm, kid)
    const der = unseal(keyring, sealed, context)
    if (der === null) {
      throw new Error(`signing key ${kid} cannot be opened: it was sealed with another KEYTURN_SECRET ` +
        '(give that one as KEYTURN_SECRET_PREVIOUS), or its row was changed')
    }
    if (unseal([keyring[0]], sealed, context) === null) await reseal(kid, sealed, seal(keyring, der, context))
    const signingKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    const key = { kid, algorithm: row.algorithm, signingKey, verifyingKey: createPublicKey(signingKey) }
    return { ...row, key }
  }

  /** Moves a key from the previous secret to the current one, after which the previous one can be dropped. */
  async function reseal (kid: string, before: Buffer, after: Buffer): Promise<void> {
    await query.update(signingKeys).set({ sealedPrivateKey: after })
      .where(and(eq(signingKeys.kid, kid), eq(signingKeys.sealedPrivateKey, before)))
  }

  return {
    /** All keys, of each algorithm the oldest first. @throws Error when one cannot be opened with the given secrets */
    async read (): Promise<StoredKey[]> {
      const { algorithm, number, kid, sealedPrivateKey, createdAt, signsFrom } = signingKeys
      const rows = await query.select({ algorithm, number, kid, sealedPrivateKey, createdAt, signsFrom, signsInMs })
        .from(signingKeys).orderBy(algorithm, number)
      return Promise.all(rows.map(open))
    },

    /** The ids of keys that cannot be opened with the given secrets. Changes nothing. */
    async unreadable (): Promise<string[]> {
      const { algorithm, kid, sealedPrivateKey } = signingKeys
      const rows = await query.select({ algorithm, kid, sealedPrivateKey }).from(signingKeys).orderBy(kid)
      return rows.filter(row => unseal(keyring, row.sealedPrivateKey, sealContext(row.algorithm, row.kid)) === null)
        .map(row => row.kid)
    },

    /** Makes a key that signs in so many seconds; of two that make the same number, the second does nothing. */
    async add (
      algorithm: StoredAlgorithm, number: number, signsInSeconds: number, clientInfo: ClientInfo = thisServer
    ): Promise<void> {
      const signingKey = await generateKey[algorithm]()
      const kid = thumbprint(createPublicKey(signingKey))
      const der = signingKey.export({ format: 'der', type: 'pkcs8' })
      const sealedPrivateKey = seal(keyring, der, sealContext(algorithm, kid))
      await insertKey(sql, { algorithm, number, kid, sealedPrivateKey, signsInSeconds }, clientInfo)
    },

    /** Advances the time from which a published key signs; never delays it. */
    async activateSooner (kid: string, signsInSeconds: number, clientInfo: ClientInfo): Promise<void> {
      await advanceKey(sql, kid, signsInSeconds, clientInfo)
    },

    /** Deletes keys whose successor has signed for longer than the longest token lifetime. */
    async removeRetired (maxTokenLifetimeSeconds: number): Promise<void> {
      await removeRetiredKeys(sql, maxTokenLifetimeSeconds)
    }
  }
}

type InsertedKey = Pick<KeyRow, 'algorithm' | 'number' | 'kid' | 'sealedPrivateKey'> & { signsInSeconds: number }

/** Inserts a key and records that it was; of two with the same number, the second does nothing. */
export function insertKey (sql: Database['sql'], key: InsertedKey, clientInfo: ClientInfo) {
  const { algorithm, number, kid, sealedPrivateKey, signsInSeconds } = key
  return sql`
    WITH key AS (
      INSERT INTO signing_keys (algorithm, number, kid, sealed_private_key, signs_from)
      VALUES (${algorithm}, ${number}, ${kid}, ${sealedPrivateKey},
        now() + make_interval(secs => ${signsInSeconds}))
      ON CONFLICT DO NOTHING
      RETURNING kid AS subject
    )
    ${recordSubject(sql, 'key_announced', 'key', clientInfo)}`
}

/** Lets a key sign sooner and records that it does; one that signs even sooner is left as it is. */
export function advanceKey (sql: Database['sql'], kid: string, signsInSeconds: number, clientInfo: ClientInfo) {
  return sql`
    WITH key AS (
      UPDATE signing_keys AS signing_key SET signs_from = now() + make_interval(secs => ${signsInSeconds})
      WHERE kid = ${kid} AND signs_from > now() + make_interval(secs => ${signsInSeconds})
      RETURNING kid AS subject
    )
    ${recordSubject(sql, 'key_activated_sooner', 'key', clientInfo)}`
}

/** Joins the table with itself, which the query builder cannot do in a DELETE. */
export function removeRetiredKeys (sql: Database['sql'], maxTokenLifetimeSeconds: number) {
  return sql`
    DELETE FROM signing_keys AS old USING signing_keys AS next
    WHERE next.algorithm = old.algorithm AND next.number = old.number + 1
      AND next.signs_from < now() - make_interval(secs => ${maxTokenLifetimeSeconds})`
}

/** Bound into the encryption, so that the name or algorithm of a row cannot be changed. */
export function sealContext (algorithm: string, kid: string): string {
  return `${algorithm} ${kid}`
}
