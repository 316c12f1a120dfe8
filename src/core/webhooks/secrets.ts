import { randomBytes } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import type { Keyring } from '../keys/keyring.js'
import { seal, unseal } from '../keys/sealing.js'
import type { StoredWebhook } from './webhook.js'

const secretBytes = 32

const contextOf = (id: string) => `webhook ${id}`

/** A secret that receivers verify signatures with (Standard Webhooks, Signature scheme). */
export const newSecret = (): string => `whsec_${randomBytes(secretBytes).toString('base64')}`

export const sealSecret = (keyring: Keyring, id: string, secret: string): Buffer =>
  seal(keyring, Buffer.from(secret), contextOf(id))

/** The secrets that a webhook's requests are signed with now; none when no known `KEYTURN_SECRET` encrypted them. */
export function secretsOf (keyring: Keyring, webhook: StoredWebhook, now: number): string[] {
  const { id, sealedSecret, sealedFormerSecret, formerSecretEndsAt } = webhook
  const isFormerGood = sealedFormerSecret !== null && Number(formerSecretEndsAt) > now
  return [sealedSecret, ...isFormerGood ? [sealedFormerSecret] : []]
    .map(sealed => unseal(keyring, sealed, contextOf(id))?.toString())
    .filter(secret => secret !== undefined)
}

/** The headers of a request: its id is the same at every attempt, its time and signature are not. */
export function signedHeaders (secrets: readonly string[], id: string, body: string, at: Date): Record<string, string> {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': secrets.map(secret => new Webhook(secret).sign(id, at, body)).join(' ')
  }
}
