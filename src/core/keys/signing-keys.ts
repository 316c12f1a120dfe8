import { createSecretKey } from 'node:crypto'
import type { StoredAlgorithm } from '../../db/stored-values.js'
import { AuthError } from '../errors.js'
import type { ClientInfo } from '../lib/client-info.js'
import { toPublicJwk, type PublicJwk } from './jwk.js'
import type { JwsKey, KeyMaterial, OpenEngine } from './jws-engine.js'
import { createKeyEngines } from './key-engines.js'
import type { KeyStore, StoredKey } from './key-store.js'

export interface SigningKeysNeeds {
  store: KeyStore
  openEngine: OpenEngine
  /** The algorithm of keys generated from now on. */
  algorithm: StoredAlgorithm
  /** When set, tokens are signed HS256 with it; stored keys still check the tokens they signed. */
  jwtSecret: string | undefined
  /** Seconds for which a key signs; 0: until it is rotated by command. */
  rotation: number
  /** The longest token lifetime in seconds, for which a key is kept after its last use. */
  maxTokenLifetime: number
  /** Milliseconds since 1970. */
  now: () => number
}

export type SigningKeys = ReturnType<typeof createSigningKeys>

/** A token with an unknown `kid` reloads the keys, at most once in this time. */
const reloadCooldownMs = 1_000

/** How often every instance reads the keys and checks whether one is due. */
export const keyCheckIntervalMs = 10_000

/** Seconds for which partners may keep the published keys. */
export const jwksLifetime = 300

/** Seconds between a key's publication and its first use: many times the cache lifetime of the key set. */
const announcement = 3_600

/** The same where a key must be replaced at once: every instance of Keyturn has read the new one by then. */
const shortAnnouncement = 30

interface KnownKey extends StoredKey {
  key: JwsKey
  /** Milliseconds since 1970, by this process's clock. */
  signsAt: number
}

/** The keys access tokens are signed with: several at once, one of them in use. */
export function createSigningKeys (needs: SigningKeysNeeds) {
  const { store, openEngine, algorithm, jwtSecret, rotation, maxTokenLifetime, now } = needs
  const engines = createKeyEngines(openEngine)
  let sharedKey: JwsKey | null = null
  let known: KnownKey[] = []
  let byKid = new Map<string, JwsKey>()
  let byHeader = new Map<string, JwsKey>()
  let loaded = false
  let triedAt = -Infinity
  let loading: Promise<void> | null = null

  /** Reads all keys, and makes the first one of the algorithm where there is none yet. */
  async function load (): Promise<void> {
    triedAt = now()
    let stored = await store.read()
    if (!stored.some(key => key.algorithm === algorithm)) {
      await store.add(algorithm, 1, 0)
      stored = await store.read()
    }
    const read = now()
    const opened = await Promise.all(stored.map(async row => ({
      ...row, key: await engines.open(row.key), signsAt: read + row.signsInMs
    })))
    if (jwtSecret !== undefined) sharedKey = await engines.open(sharedSecret(jwtSecret))
    known = opened
    const keys = [...known.map(({ key }) => key), ...sharedKey === null ? [] : [sharedKey]]
    byKid = new Map(keys.map(key => [key.kid, key]))
    byHeader = new Map(keys.flatMap(key => Object.values(key.headers).map(header => [header, key])))
    loaded = true
    await engines.keepOnly(keys)
  }

  /** There always is one, since `load` makes it. */
  const newest = () => known.findLast(key => key.algorithm === algorithm) as KnownKey

  /** The first key signs from the moment it is made; `now` and the database's clock may differ by a little. */
  function signing (): KnownKey {
    const own = known.filter(key => key.algorithm === algorithm)
    return own.findLast(key => key.signsAt <= now()) ?? own[0] as KnownKey
  }

  function refuseUnlessLoaded (): void {
    if (!loaded) throw new AuthError('unavailable', { message: 'signing keys are not loaded yet' })
  }

  return {
    /**
     * Reads the keys; must have succeeded once before tokens can be signed or checked.
     * @throws Error when a key was sealed with a secret that is not given
     */
    load,

    get ready (): boolean {
      return loaded
    },

    /** @throws AuthError `unavailable` while the keys are not loaded */
    current (): JwsKey {
      refuseUnlessLoaded()
      return sharedKey ?? signing().key
    },

    /**
     * The key a token names, or `null`; an unknown name may be a key that another instance has just made.
     * @throws AuthError `unavailable` while the keys are not loaded
     */
    async find (kid: string): Promise<JwsKey | null> {
      refuseUnlessLoaded()
      const key = byKid.get(kid)
      if (key !== undefined) return key
      // A clock that was set back must not make it wait longer.
      if (Math.abs(now() - triedAt) < reloadCooldownMs) return null
      loading ??= load().finally(() => { loading = null })
      await loading
      return byKid.get(kid) ?? null
    },

    /** The key whose access tokens have this encoded header, or `undefined`; none while the keys are not loaded. */
    findByHeader: (header: string): JwsKey | undefined => byHeader.get(header),

    /** The public halves, also of keys not yet or no longer in use; none where tokens are signed with JWT_SECRET. */
    published (): PublicJwk[] {
      refuseUnlessLoaded()
      return sharedKey === null ? known.map(({ key }) => toPublicJwk(key)) : []
    },

    /** Reads the keys, announces the next one when it is due, and removes those that no valid token names. */
    async rotateIfDue (): Promise<void> {
      await load()
      const last = newest()
      if (rotation > 0) {
        const dueInSeconds = (last.signsAt - now()) / 1000 + rotation
        if (dueInSeconds <= announcement) {
          await store.add(algorithm, last.number + 1, Math.max(dueInSeconds, announcement))
        }
      }
      await store.removeRetired(maxTokenLifetime)
    },

    /** Announces the next key now, or, with `atOnce`, activates it as soon as every instance has read it. */
    async rotate ({ atOnce }: { atOnce: boolean }, clientInfo: ClientInfo): Promise<void> {
      await load()
      const delay = atOnce ? shortAnnouncement : announcement
      const last = newest()
      if (last.signsAt > now()) await store.activateSooner(last.key.kid, delay, clientInfo)
      else await store.add(algorithm, last.number + 1, delay, clientInfo)
      await load()
    },

    metrics: () => ({
      /** Seconds for which the key that signs has; 0 where none does, as with JWT_SECRET. */
      signingKeyAge: loaded && sharedKey === null ? Math.max(0, (now() - signing().signsAt) / 1000) : 0
    }),

    /** Frees what the keys hold. */
    close: (): Promise<void> => engines.keepOnly([]),

    /** Every key with its status. */
    list () {
      const current = signing()
      return known.map(({ algorithm, number, key, createdAt, signsFrom, signsAt }) => ({
        kid: key.kid,
        algorithm,
        number,
        createdAt,
        signsFrom,
        state: key.kid === current.key.kid && sharedKey === null ? 'signs' : signsAt > now() ? 'next' : 'checks only'
      }))
    }
  }
}

function sharedSecret (secret: string): KeyMaterial {
  const key = createSecretKey(Buffer.from(secret))
  return { kid: 'hs256', algorithm: 'HS256', signingKey: key, verifyingKey: key }
}
