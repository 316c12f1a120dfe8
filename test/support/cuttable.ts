import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'
import { freePort } from './postgres-server.js'

/** A way to a server that can be cut and mended, as a cable can. */
export interface Cuttable {
  /** The address that leads over it. */
  url: string
  /** How many connections are open over it. */
  readonly connections: number
  cut (): Promise<void>
  mend (): Promise<void>
}

/** Puts a way between a client and the TCP server that `url` names. */
export async function cuttable (t: Test, url: string): Promise<Cuttable> {
  const there = new URL(url)
  const sockets = new Set<Socket>()
  const server = createServer(near => {
    const far = connect({ host: there.hostname, port: Number(there.port) })
    for (const [from, to] of [[near, far], [far, near]] as const) {
      sockets.add(from)
      from.pipe(to)
      from.on('error', () => to.destroy()).on('close', () => { sockets.delete(from); to.destroy() })
    }
  })
  const listen = async (port: number) => { await once(server.listen(port, '127.0.0.1'), 'listening') }
  const cut = async () => {
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) socket.destroy()
    await closed
  }
  const port = await freePort()
  await listen(port)
  t.teardown(async () => { if (server.listening) await cut() })

  const here = new URL(url)
  here.host = `127.0.0.1:${port}`
  return { url: here.href, get connections () { return sockets.size / 2 }, cut, mend: () => listen(port) }
}
