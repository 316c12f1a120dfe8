import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { Test } from 'tap'

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
  await listen(0)
  t.teardown(async () => { if (server.listening) await cut() })

  const { port } = server.address() as AddressInfo
  const here = new URL(url)
  here.host = `127.0.0.1:${port}`
  return { url: here.href, get connections () { return sockets.size / 2 }, cut, mend: () => listen(port) }
}
