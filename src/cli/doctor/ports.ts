import { once } from 'node:events'
import { createServer } from 'node:net'
import type { ListenAddress } from '../../config/listen-addresses.js'
import { bad, good, type Finding } from './finding.js'

/** Milliseconds for the program that has a port to say what it is. */
const answerTimeoutMs = 2_000

/** Whether the addresses of LISTEN are free, or are Keyturn's already. */
export function examinePorts (addresses: readonly ListenAddress[]): Promise<Finding[]> {
  return Promise.all(addresses.filter(({ port }) => port !== 0).map(examine))
}

async function examine ({ host, port }: ListenAddress): Promise<Finding> {
  const name = `${host.includes(':') ? `[${host}]` : host}:${port}`
  const code = await tryToListen(host, port)
  if (code === null) return good('ports', `${name} is free`)
  if (code === 'EACCES') return bad('ports', `this user may not listen on ${name}`, 'choose a port from 1024 in LISTEN')
  if (code !== 'EADDRINUSE') return bad('ports', `${name} cannot be listened on: ${code}`, 'correct HOST or LISTEN')
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
  const reached = host === '0.0.0.0' || host === '::' ? 'localhost' : host
  try {
    const response = await fetch(`http://${reached.includes(':') ? `[${reached}]` : reached}:${port}/`, {
      headers: { accept: 'application/json' }, signal: AbortSignal.timeout(answerTimeoutMs)
    })
    const { name } = await response.json() as { name?: unknown }
    return name === 'Keyturn'
  } catch {
    return false
  }
}
