import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance } from 'fastify'
import type { Redis } from 'ioredis'
import { HttpFailure } from '../../http/failure.js'

/**
 * Limits the requests of one address on routes that opt in. Counted in Redis for all processes together; in
 * this process's memory when there is none.
 */
export async function registerRateLimit (app: FastifyInstance, redis: Redis | null): Promise<void> {
  await app.register(rateLimit, {
    global: false,
    errorResponseBuilder: () => new HttpFailure('rate_limited'),
    // A request that Redis cannot count is admitted: other limits follow this one.
    ...(redis !== null && { redis, nameSpace: 'keyturn:rate:', skipOnError: true })
  })
}
