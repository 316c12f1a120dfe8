import type { Database } from '../../db/database.js'
import { idempotentRequests } from '../../db/operator-schema.js'
import { and, eq, expression, isNull, lt } from '../../db/query.js'
import { AuthError } from '../errors.js'
import type { Keyring } from '../keys/keyring.js'
import { seal, unseal } from '../keys/sealing.js'
import { sha256 } from '../lib/secrets.js'

/** A request with an Idempotency-Key, which its sender chose. */
export interface KeyedRequest {
  actor: string
  key: string
  /** Method, path and body. */
  content: string
}

/** What a request was answered with. */
export interface StoredReply {
  status: number
  headers: Record<string, string>
  body: string
}

export interface IdempotencyNeeds {
  db: Pick<Database, 'query'>
  keyring: Keyring
}

/** Seconds for which a reply is kept. */
const keptSeconds = 86_400

/** Seconds after which a request without a reply counts as lost with its process: longer than any takes. */
const lostAfterSeconds = 60

/**
 * Answers a request that is sent again as it was answered the first time (draft-ietf-httpapi-idempotency-key-header):
 * of two that arrive at once, one is done.
 */
export function createIdempotency ({ db: { query }, keyring }: IdempotencyNeeds) {
  const { actor: byActor, keyHash, requestHash, status, sealedReply, startedAt } = idempotentRequests
  const isThis = ({ actor, key }: KeyedRequest) => and(eq(byActor, actor), eq(keyHash, sha256(key)))
  const isOlderThan = (seconds: number) => lt(startedAt, expression`now() - make_interval(secs => ${seconds})`)
  const contextOf = ({ actor, key }: KeyedRequest) => `reply to ${actor} ${key}`

  /** Whether it is this process's to answer: new, old enough to be forgotten, or lost with the one that began it. */
  async function insert ({ actor, key }: KeyedRequest, hash: Buffer): Promise<boolean> {
    const isLost = and(
      isNull(status), eq(requestHash, expression`excluded.request_hash`), isOlderThan(lostAfterSeconds))
    const inserted = await query.insert(idempotentRequests).values({ actor, keyHash: sha256(key), requestHash: hash })
      .onConflictDoUpdate({
        target: [byActor, keyHash],
        set: { requestHash: hash, startedAt: expression`now()`, status: null, sealedReply: null },
        setWhere: expression`${isOlderThan(keptSeconds)} OR ${isLost}`
      }).returning({ actor: byActor })
    return inserted.length > 0
  }

  return {
    /**
     * Begins a request, unless it was begun before.
     * @returns what it was answered with, or `null`: it is to be done now, and then finished
     * @throws AuthError `request_in_progress`; `idempotency_key_reused` when the key was of another request, or its
     * reply cannot be read any more; `unavailable`
     */
    async begin (request: KeyedRequest): Promise<StoredReply | null> {
      const hash = sha256(request.content)
      if (await insert(request, hash)) return null
      const [row] = await query.select({ requestHash, status, sealedReply }).from(idempotentRequests)
        .where(isThis(request))
      if (row?.requestHash.equals(hash) === false) throw new AuthError('idempotency_key_reused')
      if (row === undefined || row.status === null || row.sealedReply === null) {
        throw new AuthError('request_in_progress', { retryAfter: 1 })
      }
      const reply = unseal(keyring, row.sealedReply, contextOf(request))
      if (reply === null) throw new AuthError('idempotency_key_reused')
      return { status: row.status, ...JSON.parse(reply.toString()) as Omit<StoredReply, 'status'> }
    },

    /** Keeps what a request was answered with. */
    async finish (request: KeyedRequest, { status, ...reply }: StoredReply): Promise<void> {
      const sealedReply = seal(keyring, Buffer.from(JSON.stringify(reply)), contextOf(request))
      await query.update(idempotentRequests).set({ status, sealedReply }).where(isThis(request))
    },

    /** Lets a request that could not be answered be done again. */
    async forget (request: KeyedRequest): Promise<void> {
      await query.delete(idempotentRequests).where(isThis(request))
    },

    /** Removes what is a day old. */
    async cleanUp (): Promise<void> {
      await query.delete(idempotentRequests).where(isOlderThan(keptSeconds))
    }
  }
}
