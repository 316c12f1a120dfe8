import { setTimeout as delay } from 'node:timers/promises'
import { ignore } from './errors.js'

/** The servers of a database, of which one takes writes: another after each failover. */
export interface Servers<Server> {
  /** The one that took writes when they were last looked at. */
  readonly current: Server
  /** Whether none took writes then. */
  readonly isLost: boolean
  /** Looks for the one that takes writes; tries again in the background until there is one. Resolves after one try. */
  search (): Promise<void>
  /** Calls the listener when another server than before takes the writes. */
  onMove (listener: () => void): void
  close (): void
}

export interface ServersNeeds<Server> {
  /** The only one is always the current one. */
  servers: readonly [Server, ...Server[]]
  /**
   * Asks a server.
   * @returns its timeline (Postgres 26.3.5), which each promotion advances; `null` where it takes no writes
   */
  probe: (server: Server) => Promise<number | null>
  /** Milliseconds. */
  intervalMs?: number
}

/** Between two tries. With the longest that a probe may take, less than a second: a promoted server is found in it. */
const searchIntervalMs = 150

/** How long others may take to answer than the first that takes writes. */
const othersMs = 100

/**
 * Keeps track of the server that takes writes.
 *
 * After a failover an old primary may come back as one, until it is demoted: of two that take writes, the
 * one that was promoted later counts. The current one is asked again only when something went wrong with it.
 */
export function createServers<Server> (
  { servers, probe, intervalMs = searchIntervalMs }: ServersNeeds<Server>
): Servers<Server> {
  const listeners: Array<() => void> = []
  const closed = new AbortController()
  let current = servers[0]
  let isLost = false
  let searching: Promise<void> | null = null

  async function tryOnce (): Promise<void> {
    const found = new Map<Server, number>()
    const probes = servers.map(async server => {
      const timeline = await probe(server)
      if (timeline === null) throw new Error('takes no writes')
      found.set(server, timeline)
    })
    await Promise.any(probes).catch(ignore)
    if (found.size > 0) await Promise.race([Promise.allSettled(probes), delay(othersMs)])
    const [newest] = [...found].sort(([, a], [, b]) => b - a)
    isLost = newest === undefined
    if (newest === undefined || newest[0] === current) return
    current = newest[0]
    for (const listener of listeners) listener()
  }

  async function keepTrying (): Promise<void> {
    while (isLost && !closed.signal.aborted) {
      await delay(intervalMs, undefined, { signal: closed.signal }).catch(ignore)
      await tryOnce()
    }
    searching = null
  }

  return {
    get current () { return current },
    get isLost () { return isLost },

    search () {
      if (servers.length === 1) return Promise.resolve()
      if (searching !== null) return searching
      searching = tryOnce()
      const first = searching
      first.then(keepTrying).catch(ignore)
      return first
    },

    onMove (listener) { listeners.push(listener) },

    close () { closed.abort() }
  }
}
