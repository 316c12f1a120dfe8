import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { createServer } from 'node:net'
import { json } from 'node:stream/consumers'
import type { ListenAddress } from '../../config/listen-addresses.js'
import { bad, good, type Finding } from './finding.js'

/** Milliseconds for the program that has a port to say what it is. */
const answerTimeoutMs = 2_000

const remedies: Record<string, string> = { EACCES: 'choose a port from 1024 on in LISTEN' }

/** Whether the addresses of LISTEN are free, or are Keyturn's already. */
export function examinePorts (addresses: readonly ListenAddress[]): Promise<Finding[]> {
  return Promise.all(addresses.filter(({ port }) => port !== 0).map(examine))
}

async function examine ({ host, port }: ListenAddress): Promise<Finding> {
  const name = `${host.includes(':') ? `[${host}]` : host}:${port}`
  const code = await tryToListen(host, port)
  if (code === null) return good('ports', `${name} is free`)
  if (code !== 'EADDRINUSE') {
    return bad('ports', `${name} cannot be listened on: ${code}`, remedies[code] ?? 'correct HOST or LISTEN')
  }
  return await isKeyturn(host, port)
    ? good('ports', `Keyturn listens on ${name}`)
    : bad('ports', `another program listens on ${name}`, 'end it, or choose another port in LISTEN')
}

/** Returns why it is not possible, or `null`. */
async function tryToListen (host: string, port: number): Promise<string | null> {
  const server = createServer().listen(port, host)
  try {
    await once(server, 'listening')
    server.close()
    return null
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code)
  }
}

/** A listener of Keyturn says so on its front page. */
async function isKeyturn (host: string, port: number): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(answerTimeoutMs)
    const request = get({ host, port, signal, headers: { accept: 'application/json' } })
    const [response] = await once(request, 'response') as [IncomingMessage]
    const { name } = await json(response) as { name?: unknown }
    return name === 'Keyturn'
  } catch {
    return false
  }
}
