import rateLimit, { type FastifyRateLimitStore, type FastifyRateLimitStoreCtor } from '@fastify/rate-limit'
import LocalStore from '@fastify/rate-limit/store/LocalStore.js'
import RedisStore from '@fastify/rate-limit/store/RedisStore.js'
import type { FastifyInstance } from 'fastify'
import type { Redis } from 'ioredis'
import { HttpFailure } from '../../http/failure.js'

/**
 * One count for all routes of all listeners: in Redis for all processes together; in this process's memory when there
 * is none. The plugin by itself counts each route apart, which multiplies what an address may try.
 */
export function createRequestCounts (redis: Redis | null): FastifyRateLimitStore {
  const counts = redis === null ? new LocalStore(false, false) : new RedisStore(false, false, redis, 'keyturn:rate:')
  return Object.assign(counts, { child: () => counts })
}

/** Limits the requests of one address on routes that opt in. */
export async function registerRateLimit (app: FastifyInstance, counts: FastifyRateLimitStore): Promise<void> {
  await app.register(rateLimit, {
    global: false,
    errorResponseBuilder: () => new HttpFailure('rate_limited'),
    store: class { constructor () { return counts } } as unknown as FastifyRateLimitStoreCtor,
    // A request that Redis cannot count is admitted: other limits follow this one.
    skipOnError: true
  })
}
