import { Redis } from 'ioredis'
import type { Notifier } from '../core/revocations/notifier.js'

const channel = 'keyturn'

/**
 * Connects to Redis or Valkey at the first command. A command that cannot be sent at once fails at once: no request
 * waits for Redis.
 */
export function openRedis (url: string, onError: (error: unknown) => void): Redis {
  const redis = new Redis(url, { connectTimeout: 500, maxRetriesPerRequest: 1, lazyConnect: true })
  return redis.on('error', onError)
}

/** Notifies by PUBLISH. ioredis subscribes again after every reconnect. */
export function createRedisNotifier (redis: Redis, onError: (error: unknown) => void): Notifier {
  const own = redis.duplicate({ maxRetriesPerRequest: null }).on('error', onError)
  return {
    notify (): void {
      redis.publish(channel, '').catch(onError)
    },

    onNotify (listener: () => void): void {
      own.on('message', listener)
      own.subscribe(channel).catch(onError)
    },

    close (): Promise<void> {
      own.disconnect()
      return Promise.resolve()
    }
  }
}
