import { setTimeout as delay } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { Config } from './config/environment.js'
import { createCore, type Core } from './core/index.js'
import { noopNotifier, type Notifier } from './core/revocations/notifier.js'
import { openDatabase, type DatabaseOptions } from './db/client.js'
import { createPostgresNotifier } from './notifiers/postgres.js'
import { openEmbedded } from './db/embedded/embedded.js'
import { migrate } from './db/migrate.js'
import { createRedisNotifier, openRedis } from './notifiers/redis.js'
import { loadOrCreateSecret } from './config/secret-file.js'

/** A core over its database, for the server and for the command line alike. */
export interface Backend {
  core: Core
  redis: Redis | null
  /** Brings the schema up to date and reads the keys, once. @throws what stands in the way */
  prepare (): Promise<void>
  /** The same, again and again until it succeeds or the backend is closed. */
  prepareEventually (): Promise<void>
  close (): Promise<void>
}

export interface BackendNeeds {
  config: Config
  /** Whether it outlives a command: then it opens an embedded database itself rather than join another process. */
  serves?: boolean
  log: Logger
  /** Milliseconds since 1970. */
  now: () => number
}

const retryDelayMs = { first: 250, longest: 5_000 }

/** The embedded database does one thing at a time; more connections would only wait inside it. */
const embeddedPoolMax = 4

/** Opens the database that the settings name, embedded if they name none, and puts a core over it. */
export async function openBackend ({ config, serves = false, log, now }: BackendNeeds): Promise<Backend> {
  const { target, poolMax, closeTarget } = await openTarget(config, serves)
  const database = openDatabase({ target, poolMax })
  const onBackgroundError = (error: unknown) => log.warn({ err: error }, 'failed in the background; will try again')
  const redis = config.REDIS_URL === undefined ? null : openRedis(config.REDIS_URL, onBackgroundError)

  function openNotifier (): Notifier {
    if (redis !== null) return createRedisNotifier(redis, onBackgroundError)
    if ('socketFolder' in target) return noopNotifier
    return createPostgresNotifier({ sql: database.sql, target, onError: onBackgroundError })
  }

  const core = createCore({
    sql: database.sql,
    notifier: openNotifier(),
    settings: { ...config, KEYTURN_SECRET: config.KEYTURN_SECRET ?? await loadOrCreateSecret(config.DATA_DIR) },
    now,
    onBackgroundError
  })
  const closed = new AbortController()

  async function prepare (): Promise<void> {
    const applied = await migrate(target)
    if (applied > 0) log.info({ applied }, 'database schema brought up to date')
    await core.load()
  }

  return {
    core,
    redis,
    prepare,

    async prepareEventually () {
      for (let wait = retryDelayMs.first; !closed.signal.aborted; wait = Math.min(wait * 2, retryDelayMs.longest)) {
        try {
          await prepare()
          core.startJobs()
          log.info('ready')
          return
        } catch (error) {
          log.error({ err: error, retryInMs: wait }, 'not ready')
        }
        await delay(wait, undefined, { signal: closed.signal }).catch(() => {})
      }
    },

    async close () {
      closed.abort()
      await core.close()
      redis?.disconnect()
      await database.close()
      await closeTarget()
    }
  }
}

interface OpenTarget extends DatabaseOptions {
  closeTarget: () => Promise<void>
}

async function openTarget (
  { DATABASE_URL: url, DATABASE_POOL_MAX: poolMax, DATA_DIR }: Config, serves: boolean
): Promise<OpenTarget> {
  if (url !== undefined) return { target: { url }, poolMax, closeTarget: () => Promise.resolve() }
  const embedded = await openEmbedded(DATA_DIR, { join: !serves })
  return {
    target: { socketFolder: embedded.socketFolder }, poolMax: embeddedPoolMax, closeTarget: () => embedded.close()
  }
}
