import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { Settings } from './config/settings.js'
import { unavailable } from './core/errors.js'
import { createCore, type Core } from './core/index.js'
import { noopNotifier, type Notifier } from './core/revocations/notifier.js'
import { serverName } from './db/address.js'
import { openDatabase, type DatabaseOptions } from './db/database.js'
import { createPostgresNotifier } from './notifiers/postgres.js'
import type { OnStatement } from './db/pool.js'
import { openEmbedded } from './db/embedded/embedded.js'
import { isUnavailable } from './db/errors.js'
import { migrate } from './db/migrate.js'
import { mailFolderIn, openMailTransport } from './mail/index.js'
import { createRedisNotifier, openRedis } from './notifiers/redis.js'
import { loadOrCreateSecret } from './config/secret-file.js'
import { openEngine } from './token-engine.js'
import { createWebhookSender } from './webhooks/sender.js'

/** A core over its database, for the server and for the command line alike. */
export interface Backend {
  core: Core
  redis: Redis | null
  /** Brings the schema up to date and reads the keys, once. @throws what stands in the way */
  prepare (): Promise<void>
  /** Repeats `prepare` until it succeeds or the backend is closed. */
  prepareEventually (): Promise<void>
  close (): Promise<void>
}

export interface BackendNeeds {
  settings: Settings
  /** Whether this is a server: then it opens an embedded database itself rather than join another process. */
  serves?: boolean
  log: Logger
  /** Milliseconds since 1970. */
  now: () => number
  /** As in `PoolOptions`. */
  onStatement?: OnStatement | undefined
}

const retryDelayMs = { first: 250, longest: 5_000 }

/** The embedded database does one thing at a time; more connections would only wait inside it. */
const embeddedPoolMax = 4

/** Opens the database that the settings name, embedded if they name none, and puts a core over it. */
export async function openBackend (needs: BackendNeeds): Promise<Backend> {
  const { settings, serves = false, log, now, onStatement } = needs
  const { secrets, database: { dataDir } } = settings
  const current = secrets.current ?? await loadOrCreateSecret(dataDir)
  const { target, poolMax, closeTarget } = await openTarget(settings.database, serves, log)
  const { refreshCommit } = settings.database
  const database = openDatabase({ target, poolMax, refreshCommit, toUnavailable: unavailable, onStatement })
  const { servers } = database
  servers.onMove(() => log.warn({ server: serverName(servers.current) }, 'another database server takes the writes'))
  if (serves && settings.mail.delivery === 'files') {
    log.info({ mailFolder: resolve(mailFolderIn(dataDir)) }, 'MAIL_URL is not set: mails are kept as files')
  }
  const onBackgroundError = (error: unknown) => log.warn({ err: error }, 'failed in the background')
  const redis = settings.redisUrl === undefined ? null : openRedis(settings.redisUrl, onBackgroundError)

  function openNotifier (): Notifier {
    if (redis !== null) return createRedisNotifier(redis, onBackgroundError)
    if ('socketFolder' in target) return noopNotifier
    return createPostgresNotifier({ sql: database.sql, servers, onError: onBackgroundError })
  }

  const core = createCore({
    db: database,
    notifier: openNotifier(),
    openEngine,
    mailTransport: openMailTransport({ settings: settings.mail, issuer: settings.issuer, dataDir }),
    webhookSender: createWebhookSender({ allowsLoopback: settings.webhookLoopback }),
    settings: { ...settings, secrets: { ...secrets, current } },
    now,
    onBackgroundError
  })
  const closed = new AbortController()

  async function prepare (): Promise<void> {
    await servers.search()
    const applied = await migrate(servers.current)
    if (applied > 0) log.info({ applied }, 'database schema brought up to date')
    await core.lifecycle.load()
  }

  return {
    core,
    redis,
    prepare,

    async prepareEventually () {
      for (let wait = retryDelayMs.first; !closed.signal.aborted; wait = Math.min(wait * 2, retryDelayMs.longest)) {
        try {
          await prepare()
          core.lifecycle.start()
          log.info('ready')
          return
        } catch (error) {
          // What the database says is enough; where the program was when it said so helps only with a bug.
          const why = isUnavailable(error) ? { reason: String(error) } : { err: error }
          log.error({ ...why, retryInMs: wait }, 'not ready')
        }
        await delay(wait, undefined, { signal: closed.signal }).catch(() => {})
      }
    },

    async close () {
      closed.abort()
      await core.lifecycle.close()
      redis?.disconnect()
      await database.close()
      await closeTarget()
    }
  }
}

interface OpenTarget extends Pick<DatabaseOptions, 'target' | 'poolMax'> {
  closeTarget: () => Promise<void>
}

const waitsForHolder =
  'waiting for the process that has the embedded database open; stop it, or choose another DATA_DIR'

async function openTarget (
  { url, poolMax, dataDir }: Settings['database'], serves: boolean, log: Logger
): Promise<OpenTarget> {
  if (url !== undefined) return { target: { url }, poolMax, closeTarget: () => Promise.resolve() }
  log.info({ dataDir }, 'opening the embedded database')
  const embedded = await openEmbedded(dataDir, {
    join: !serves,
    onWait: (holder, seconds) => log.warn({ holder, dataDir, seconds }, waitsForHolder)
  })
  return {
    target: { socketFolder: embedded.socketFolder }, poolMax: embeddedPoolMax, closeTarget: () => embedded.close()
  }
}
