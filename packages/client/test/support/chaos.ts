import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { createClient, memoryStorage, type SessionStorage } from '../../src/index.js'

export interface ChaosOptions {
  /** Clients that share the storage, without a lock. */
  instances: number
  /** Refreshes that succeed in all. */
  refreshes: number
  /** Clients that die between the reply and its storing, and are started again. */
  kills: number
  /** Share of the replies that are lost after the server has committed, and of those that come twice. */
  lostShare: number
  /** Milliseconds that a request or its reply may be late. */
  maxDelayMs: number
  /** From 0 to 1. */
  random: () => number
}

export interface ChaosResult {
  refreshed: number
  signedOut: number
  killed: number
  lost: number
  /** The first refresh token of the session. */
  firstRefreshToken: string
  /** What is stored at the end. */
  stored: string | null
}

/** Passes requests on, late and some of them twice, and loses replies after the server has sent them. */
async function startProxy (target: string, { lostShare, maxDelayMs, random }: ChaosOptions) {
  let lost = 0
  const server = createServer((request, response) => {
    relay(request, response).catch(() => response.destroy())
  })

  async function relay (request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const headers = { 'content-type': 'application/json' }
    const send = () => fetch(target + request.url, { method: 'POST', headers, body: Buffer.concat(chunks).toString() })
    await delay(random() * maxDelayMs)
    const isTwice = random() < lostShare / 3
    const [reply] = await Promise.all([send(), ...isTwice ? [send()] : []])
    const body = await reply.text()
    await delay(random() * maxDelayMs)
    if (random() < lostShare) {
      lost += 1
      response.destroy()
      return
    }
    response.writeHead(reply.status, headers).end(body)
  }

  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get lost () { return lost },
    async close () {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    }
  }
}

/**
 * Lets clients that share a storage refresh one session as fast as they can, over a bad connection.
 * @param target a server whose retry window is longer than the delays
 */
export async function runChaos (
  target: string, credentials: { email: string, password: string }, options: ChaosOptions
): Promise<ChaosResult> {
  const { instances, refreshes, kills, random, maxDelayMs } = options
  const proxy = await startProxy(target, options)
  const shared = memoryStorage()
  const first = createClient({ baseUrl: target, storage: shared })
  await first.signIn(credentials)
  first.dispose()
  const { refreshToken: firstRefreshToken } = JSON.parse(String(await shared.get())) as { refreshToken: string }
  let [refreshed, signedOut, killed] = [0, 0, 0]

  /** Late, as a disk is; the write of a client that is killed never happens. */
  const storageOf = (die: () => void): SessionStorage => ({
    async get () {
      await delay(random() * 2)
      return shared.get()
    },
    async set (value) {
      await delay(random() * 2)
      if (killed >= kills || refreshed * kills < killed * refreshes) return shared.set(value)
      killed += 1
      die()
      return new Promise(() => {})
    },
    remove: () => shared.remove()
  })

  /** One life of a client, to its end or to that of the run. */
  async function live (): Promise<void> {
    const life = new AbortController()
    const death = new Promise<void>(resolve => { life.signal.addEventListener('abort', () => resolve()) })
    const client = createClient({ baseUrl: proxy.url, storage: storageOf(() => life.abort()), timeoutSeconds: 5 })
    client.onChange(({ type }) => { if (type === 'signed-out') signedOut += 1 })
    while (refreshed < refreshes && !life.signal.aborted) {
      await Promise.race([death, client.refresh().then(() => { refreshed += 1 }, () => {})])
      await delay(random() * maxDelayMs)
    }
    client.dispose()
  }

  async function run (): Promise<void> {
    while (refreshed < refreshes) await live()
  }

  await Promise.all(Array.from({ length: instances }, run))
  const { lost } = proxy
  await proxy.close()
  return { refreshed, signedOut, killed, lost, firstRefreshToken, stored: await shared.get() }
}
