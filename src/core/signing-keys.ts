import {
  createHash, createPrivateKey, createPublicKey, createSecretKey, type JsonWebKey, type KeyObject
} from 'node:crypto'
import type { Sql } from 'postgres'
import { AuthError } from './errors.js'
import type { JwsKey } from './jws.js'
import type { Keyring } from './keyring.js'
import { seal, unseal } from './sealing.js'
import { signatureAlgorithms, type SignatureAlgorithmName } from './signature-algorithms.js'

export type StoredAlgorithm = Exclude<SignatureAlgorithmName, 'HS256'>

export interface SigningKeysNeeds {
  sql: Sql
  keyring: Keyring
  /** Of keys that are made from now on. */
  algorithm: StoredAlgorithm
  /** When set, tokens are signed HS256 with it; stored keys still check the tokens they signed. */
  jwtSecret: string | undefined
  /** Milliseconds since 1970. */
  now: () => number
}

export type SigningKeys = ReturnType<typeof createSigningKeys>

/** A token that names an unknown key makes the keys be read anew, but no more often than this. */
const reloadCooldownMs = 1_000

/** JWK members of a key's thumbprint, in their order (RFC 7638 3.2, RFC 8037 2). */
const thumbprintMembers: Record<string, string[]> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n']
}

/** The keys access tokens are signed with: kept in the database, the private half sealed. */
export function createSigningKeys ({ sql, keyring, algorithm, jwtSecret, now }: SigningKeysNeeds) {
  const sharedKey = jwtSecret === undefined ? null : sharedSecretKey(jwtSecret)
  let byKid = new Map<string, JwsKey>()
  let current: JwsKey | null = null
  let triedAt = -Infinity
  let loading: Promise<void> | null = null

  /** Reads all keys, and makes the first one of the algorithm where there is none yet. */
  async function load (): Promise<void> {
    triedAt = now()
    let stored = await readKeys()
    if (!stored.some(key => key.algorithm === algorithm)) {
      await addKey(1)
      stored = await readKeys()
    }
    const keys = stored.map(row => row.key)
    if (sharedKey !== null) keys.push(sharedKey)
    byKid = new Map(keys.map(key => [key.kid, key]))
    current = sharedKey ?? stored.findLast(row => row.algorithm === algorithm)?.key ?? null
  }

  /**
   * The public half is taken from the unsealed private one and has no column of its own: who can write to the
   * table but does not know the secret cannot add a key.
   */
  async function readKeys () {
    const rows = await sql<{ algorithm: StoredAlgorithm, kid: string, sealed: Buffer }[]>`
      SELECT algorithm, kid, sealed_private_key AS sealed FROM signing_keys ORDER BY algorithm, number`
    return Promise.all(rows.map(async row => {
      const context = sealContext(row.algorithm, row.kid)
      const der = unseal(keyring, row.sealed, context)
      if (der === null) {
        throw new Error(`signing key ${row.kid} cannot be opened: it was sealed with another KEYTURN_SECRET ` +
          '(give that one as KEYTURN_SECRET_PREVIOUS), or its row was changed')
      }
      if (unseal([keyring[0]], row.sealed, context) === null) await reseal(row.kid, row.sealed, der, context)
      const signingKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
      const key: JwsKey = {
        kid: row.kid, algorithm: row.algorithm, signingKey, verifyingKey: createPublicKey(signingKey)
      }
      return { algorithm: row.algorithm, key }
    }))
  }

  /** Moves a key from the previous secret to the current one, after which the previous one can be forgotten. */
  async function reseal (kid: string, sealed: Buffer, der: Buffer, context: string): Promise<void> {
    await sql`
      UPDATE signing_keys SET sealed_private_key = ${seal(keyring, der, context)}
      WHERE kid = ${kid} AND sealed_private_key = ${sealed}`
  }

  /** Of two instances that add a key of the same number, the second does nothing. */
  async function addKey (number: number): Promise<void> {
    const signingKey = await signatureAlgorithms[algorithm].generate()
    const kid = thumbprint(createPublicKey(signingKey).export({ format: 'jwk' }))
    const sealed = seal(keyring, signingKey.export({ format: 'der', type: 'pkcs8' }),
      sealContext(algorithm, kid))
    await sql`
      INSERT INTO signing_keys (algorithm, number, kid, sealed_private_key)
      VALUES (${algorithm}, ${number}, ${kid}, ${sealed})
      ON CONFLICT DO NOTHING`
  }

  return {
    /**
     * Reads the keys; must have succeeded once before tokens can be signed or checked.
     * @throws Error when a key was sealed with a secret that is not given
     */
    load,

    get ready (): boolean {
      return current !== null
    },

    /** @throws AuthError `unavailable` while the keys are not loaded */
    current (): JwsKey {
      if (current === null) throw new AuthError('unavailable', { message: 'signing keys are not loaded yet' })
      return current
    },

    /**
     * The key a token names, or `null`; an unknown name may be a key that another instance has just made.
     * @throws AuthError `unavailable` while the keys are not loaded
     */
    async find (kid: string): Promise<JwsKey | null> {
      if (current === null) throw new AuthError('unavailable', { message: 'signing keys are not loaded yet' })
      const known = byKid.get(kid)
      if (known !== undefined) return known
      // A clock that was set back must not make it wait longer.
      if (Math.abs(now() - triedAt) < reloadCooldownMs) return null
      loading ??= load().finally(() => { loading = null })
      await loading
      return byKid.get(kid) ?? null
    }
  }
}

/** Bound into the seal, so that a row cannot be given another name or algorithm. */
export function sealContext (algorithm: string, kid: string): string {
  return `${algorithm} ${kid}`
}

function sharedSecretKey (secret: string): JwsKey {
  const key: KeyObject = createSecretKey(Buffer.from(secret))
  return { kid: 'hs256', algorithm: 'HS256', signingKey: key, verifyingKey: key }
}

/** The name of a key is the hash of its public half (RFC 7638). */
function thumbprint (jwk: JsonWebKey): string {
  const members = thumbprintMembers[jwk.kty ?? ''] ?? []
  const canonical = Object.fromEntries(members.map(member => [member, jwk[member as keyof JsonWebKey]]))
  return createHash('sha256').update(JSON.stringify(canonical)).digest('base64url')
}
