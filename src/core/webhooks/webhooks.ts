import { randomUUID } from 'node:crypto'
import type { AuditEvent } from '../../db/audit-events.js'
import type { Database } from '../../db/database.js'
import { webhooks } from '../../db/operator-schema.js'
import { eq } from '../../db/query.js'
import { AuthError } from '../errors.js'
import type { Keyring } from '../keys/keyring.js'
import type { ClientInfo } from '../lib/client-info.js'
import { newSecret, sealSecret } from './secrets.js'
import { changeWebhook } from './webhook-statements.js'
import { toWebhook, type StoredWebhook, type Webhook, type WebhookSender } from './webhook.js'

export interface NewWebhook {
  url: string
  description: string | null
  eventTypes: AuditEvent[] | null
}

/** What an operator changes; what is left out stays. */
export type WebhookChange = { [Member in keyof NewWebhook]?: NewWebhook[Member] | undefined } & {
  /** `true` sends again what has happened since it was disabled. */
  isEnabled?: boolean | undefined
}

export interface WebhookStoreNeeds {
  db: Pick<Database, 'sql' | 'query'>
  keyring: Keyring
  sender: Pick<WebhookSender, 'check'>
}

/** Seconds for which requests are signed with the former secret too. */
export const webhookSecretOverlap = 86_400

/** Where events are sent. */
export function createWebhookStore ({ db: { sql, query }, keyring, sender }: WebhookStoreNeeds) {
  async function requireWebhook (id: string): Promise<StoredWebhook> {
    const [row] = await query.select().from(webhooks).where(eq(webhooks.id, id))
    if (row === undefined) throw new AuthError('not_found', { message: 'no webhook has this id' })
    return row
  }

  /** @throws AuthError `webhook_refused` */
  function check (url: string): void {
    try {
      sender.check(url)
    } catch (error) {
      const { message } = error as Error
      throw new AuthError('webhook_refused', { message, description: message })
    }
  }

  return {
    requireWebhook,

    /** All, oldest first. */
    async list (): Promise<Webhook[]> {
      const rows = await query.select().from(webhooks).orderBy(webhooks.createdAt, webhooks.id)
      return rows.map(toWebhook)
    },

    /** @throws AuthError `not_found` */
    find: async (id: string): Promise<Webhook> => toWebhook(await requireWebhook(id)),

    /**
     * Adds a receiver of what happens from now on; the secret is returned once, and kept encrypted.
     * @throws AuthError `webhook_refused` for an address that is never sent to
     */
    async add (
      { url, description, eventTypes }: NewWebhook, by: ClientInfo
    ): Promise<{ webhook: Webhook, secret: string }> {
      check(url)
      const [id, secret] = [randomUUID(), newSecret()]
      await changeWebhook(sql, sql`
        INSERT INTO webhooks (id, url, description, event_types, sealed_secret)
        VALUES (${id}, ${url}, ${description}, ${eventTypes}::text[], ${sealSecret(keyring, id, secret)}) RETURNING id`,
      'webhook_added', by, { after: { url } })
      return { webhook: toWebhook(await requireWebhook(id)), secret }
    },

    /** Changes what is given. @throws AuthError `not_found`, `webhook_refused` */
    async change (id: string, wanted: WebhookChange, by: ClientInfo): Promise<Webhook> {
      const before = await requireWebhook(id)
      if (wanted.url !== undefined) check(wanted.url)
      const given = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined))
      const after = { ...toWebhook(before), isEnabled: before.disabledAt === null, ...given }
      const { url, description, eventTypes, isEnabled } = after
      const enabled = isEnabled === (before.disabledAt === null)
        ? sql``
        : sql`, failing_since = NULL, disabled_at = ${isEnabled ? sql`NULL` : sql`now()`}`
      await changeWebhook(sql, sql`
        UPDATE webhooks AS webhook SET url = ${url}, description = ${description}, event_types = ${eventTypes}::text[]
          ${enabled}
        WHERE webhook.id = ${id} RETURNING webhook.id`, 'webhook_changed', by, {
        before: pick(before, given), after: given
      })
      return toWebhook(await requireWebhook(id))
    },

    /**
     * Gives it a new secret, which is returned once; requests are signed with the former one too for a day.
     * @throws AuthError `not_found`
     */
    async rotateSecret (id: string, by: ClientInfo): Promise<{ webhook: Webhook, secret: string }> {
      const secret = newSecret()
      await changeWebhook(sql, sql`
        UPDATE webhooks AS webhook SET sealed_former_secret = webhook.sealed_secret,
          former_secret_ends_at = now() + make_interval(secs => ${webhookSecretOverlap}),
          sealed_secret = ${sealSecret(keyring, id, secret)}
        WHERE webhook.id = ${id} RETURNING webhook.id`, 'webhook_secret_rotated', by)
      return { webhook: toWebhook(await requireWebhook(id)), secret }
    },

    /** Removes it with what was on its way. @throws AuthError `not_found` */
    async remove (id: string, by: ClientInfo): Promise<void> {
      const { url } = await requireWebhook(id)
      await changeWebhook(sql, sql`DELETE FROM webhooks AS webhook WHERE webhook.id = ${id} RETURNING webhook.id`,
        'webhook_removed', by, { before: { url } })
    }
  }
}

const pick = (from: StoredWebhook, members: object) => Object.fromEntries(Object.entries({
  ...from, isEnabled: from.disabledAt === null
}).filter(([name]) => name in members))
