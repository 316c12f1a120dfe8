import type { FastifyInstance } from 'fastify'
import type { ListenAddress } from '../config/listen-addresses.js'

const advice: Record<string, string> = {
  EADDRINUSE: 'the port is in use by another process; stop that one, or choose another port',
  EACCES: 'this process may not use the port; choose one above 1023',
  EADDRNOTAVAIL: 'this machine has no such address; choose another host',
  ENOTFOUND: 'there is no such host; choose another'
}

/**
 * Opens the port of an entry of LISTEN and returns the URL at which it is reached.
 * @throws Error with the system's code, naming the entry and what to do about it
 */
export async function listen (app: FastifyInstance, { host, port, contracts }: ListenAddress): Promise<string> {
  try {
    return await app.listen({ host, port })
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    const entry = `${host.includes(':') ? `[${host}]` : host}:${port}=${contracts.join(',')}`
    throw Object.assign(new Error(`LISTEN ${entry}: ${advice[code] ?? message}`, { cause: error }), { code })
  }
}
