import { createPrivateKey, createPublicKey } from 'node:crypto'
import type { Sql } from 'postgres'
import { thumbprint } from './jwk.js'
import type { JwsKey } from './jws.js'
import type { Keyring } from './keyring.js'
import { seal, unseal } from './sealing.js'
import { signatureAlgorithms, type SignatureAlgorithmName } from './signature-algorithms.js'

export type StoredAlgorithm = Exclude<SignatureAlgorithmName, 'HS256'>

/** A key of an algorithm; the numbers of an algorithm's keys are consecutive. */
export interface StoredKey {
  algorithm: StoredAlgorithm
  number: number
  key: JwsKey
  createdAt: Date
  signsFrom: Date
  /** Milliseconds by the database's clock until it signs; negative when it does already. */
  signsInMs: number
}

interface KeyRow extends Omit<StoredKey, 'key'> {
  kid: string
  sealed: Buffer
}

export type KeyStore = ReturnType<typeof createKeyStore>

/** The signing keys in the database, the private half sealed. Times are the database's clock's. */
export function createKeyStore ({ sql, keyring }: { sql: Sql, keyring: Keyring }) {
  /** The public half is taken from the unsealed private one: who knows no secret cannot add a key by SQL. */
  async function open ({ kid, sealed, ...row }: KeyRow): Promise<StoredKey> {
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

  /** Moves a key from the previous secret to the current one, after which the previous one can be forgotten. */
  async function reseal (kid: string, before: Buffer, after: Buffer): Promise<void> {
    await sql`
      UPDATE signing_keys SET sealed_private_key = ${after} WHERE kid = ${kid} AND sealed_private_key = ${before}`
  }

  return {
    /** All keys, of each algorithm the oldest first. @throws Error when one cannot be opened with the given secrets */
    async read (): Promise<StoredKey[]> {
      const rows = await sql<KeyRow[]>`
        SELECT algorithm, number, kid, sealed_private_key AS sealed, created_at AS "createdAt",
          signs_from AS "signsFrom", extract(epoch FROM signs_from - clock_timestamp())::float8 * 1000 AS "signsInMs"
        FROM signing_keys ORDER BY algorithm, number`
      return Promise.all(rows.map(open))
    },

    /** Makes a key that signs in so many seconds; of two that make the same number, the second does nothing. */
    async add (algorithm: StoredAlgorithm, number: number, signsInSeconds: number): Promise<void> {
      const signingKey = await signatureAlgorithms[algorithm].generate()
      const kid = thumbprint(createPublicKey(signingKey))
      const der = signingKey.export({ format: 'der', type: 'pkcs8' })
      await sql`
        INSERT INTO signing_keys (algorithm, number, kid, sealed_private_key, signs_from)
        VALUES (${algorithm}, ${number}, ${kid}, ${seal(keyring, der, sealContext(algorithm, kid))},
          clock_timestamp() + make_interval(secs => ${signsInSeconds}))
        ON CONFLICT DO NOTHING`
    },

    /** Lets a key that is announced sign sooner, never later. */
    async activateSooner (kid: string, signsInSeconds: number): Promise<void> {
      await sql`
        UPDATE signing_keys
        SET signs_from = least(signs_from, clock_timestamp() + make_interval(secs => ${signsInSeconds}))
        WHERE kid = ${kid}`
    },

    /** Deletes keys whose successor has signed for longer than any token lives. */
    async removeRetired (longestTokenSeconds: number): Promise<void> {
      await sql`
        DELETE FROM signing_keys AS old USING signing_keys AS next
        WHERE next.algorithm = old.algorithm AND next.number = old.number + 1
          AND next.signs_from < clock_timestamp() - make_interval(secs => ${longestTokenSeconds})`
    }
  }
}

/** Bound into the seal, so that a row cannot be given another name or algorithm. */
export function sealContext (algorithm: string, kid: string): string {
  return `${algorithm} ${kid}`
}
