import { timingSafeEqual } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Database } from '../../db/database.js'
import { clients } from '../../db/partner-schema.js'
import { expression } from '../../db/query.js'
import { insertSubjectEvent } from '../audit/audit.js'
import { AuthError, ifValid, invalidToken } from '../errors.js'
import type { ClientInfo } from '../lib/client-info.js'
import { sha256 } from '../lib/secrets.js'
import type { Keyring } from '../keys/keyring.js'
import type { Partners } from '../partners/index.js'
import { createIdempotency } from './idempotency.js'
import { createStatistics } from './statistics.js'

/** What an operator may be let do: read everything, or change one kind of thing. */
export const operatorScopes = ['admin:read', 'admin:accounts', 'admin:clients', 'admin:keys', 'admin:webhooks'] as const

export type OperatorScope = typeof operatorScopes[number]

export interface OperatorsNeeds {
  db: Pick<Database, 'sql' | 'query'>
  partners: Pick<Partners, 'tokens'>
  /** `undefined` for none. */
  adminToken: string | undefined
  keyring: Keyring
  /** Milliseconds since 1970. */
  now: () => number
}

/** Someone who administers. */
interface Operator {
  /** As the audit record has it. */
  actor: string
  scopes: readonly string[]
}

/** What a caller shows to administer. */
export interface OperatorCredentials {
  /** The admin token, or an access token of a client's own. */
  bearer: string
  /** Whether the admin token counts where the request came in. */
  takesAdminToken: boolean
}

/** As the subject of a record, and the actor of what is done with it. */
const adminTokenName = 'admin_token'

const refusalRecordIntervalMs = 60_000

/** Says who may administer, and keeps what they ask for twice from being done twice. */
export function createOperators ({ db, partners, adminToken, keyring, now }: OperatorsNeeds) {
  const { sql, query } = db
  const idempotency = createIdempotency({ db, keyring })
  const digest = adminToken === undefined ? null : sha256(adminToken)
  /** Refusals are not limited in number, and records are kept for long: one a minute for each subject. */
  const recentlyRefused = new LRUCache<string, true>({ max: 1_000, ttl: refusalRecordIntervalMs })

  async function operatorOf ({ bearer, takesAdminToken }: OperatorCredentials): Promise<Operator | null> {
    const isAdminToken = digest !== null && timingSafeEqual(sha256(bearer), digest)
    if (isAdminToken) return takesAdminToken ? { actor: adminTokenName, scopes: operatorScopes } : null
    const owner = await ifValid(partners.tokens.ownerOf(bearer))
    return owner === null ? null : { actor: `client:${owner.client.id}`, scopes: owner.scopes }
  }

  async function recordRefusal (operator: Operator | null, clientInfo: ClientInfo): Promise<void> {
    const subject = operator?.actor.replace('client:', '') ?? adminTokenName
    if (recentlyRefused.has(subject)) return
    recentlyRefused.set(subject, true)
    await insertSubjectEvent(sql, 'admin_refused', subject, clientInfo)
  }

  return {
    idempotency,

    statistics: createStatistics({ db, now }),

    /** Deletes what is of no more use. */
    cleanUp: () => idempotency.cleanUp(),

    /**
     * Whether anyone could administer where the admin token counts, or does not: there is such a token, or a client
     * with a scope for it.
     */
    async exist (takesAdminToken: boolean): Promise<boolean> {
      if (takesAdminToken && digest !== null) return true
      const [client] = await query.select({ id: clients.id }).from(clients)
        .where(expression`${clients.scopes} && ${expression.param([...operatorScopes])}::text[]`).limit(1)
      return client !== undefined
    },

    /**
     * Who administers, by the admin token or by a client's own token with the scope.
     * @returns the actor for the audit record
     * @throws AuthError `invalid_token`, `insufficient_scope`, `unavailable`
     */
    async authenticate (
      credentials: OperatorCredentials, scope: OperatorScope, clientInfo: ClientInfo
    ): Promise<string> {
      const operator = await operatorOf(credentials)
      if (operator?.scopes.includes(scope) === true) return operator.actor
      await recordRefusal(operator, clientInfo)
      throw operator === null ? invalidToken('unknown') : new AuthError('insufficient_scope', { scope })
    }
  }
}
