import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** What went to a database through a counter. */
export interface StatementCount {
  statements: number
  roundTrips: number
}

export interface StatementCounter {
  /** The database's url, through the counter. */
  url: string
  /** Since it was asked last. */
  take (): StatementCount
  close (): void
}

/** Frontend messages of Postgres's protocol 3.0: what makes it run a statement, and what makes it answer. */
const runs = new Set(['E', 'Q'])
const asksForAnswer = new Set(['S', 'Q'])
const typeBytes = 1
const lengthBytes = 4

/** Puts a counter between a program and its database: it reads what is sent, and changes nothing. */
export async function startStatementCounter (databaseUrl: string): Promise<StatementCounter> {
  const target = new URL(databaseUrl)
  let count: StatementCount = { statements: 0, roundTrips: 0 }
  const sockets = new Set<Socket>()

  const server = createServer({ noDelay: true }, client => {
    const database = connect({ port: Number(target.port), host: target.hostname, noDelay: true })
    for (const socket of [client, database]) sockets.add(socket.on('error', () => socket.destroy()))
    database.pipe(client)
    const read = messageReader(type => {
      if (runs.has(type)) count.statements += 1
      if (asksForAnswer.has(type)) count.roundTrips += 1
    })
    client.on('data', chunk => { read(chunk); database.write(chunk) })
    client.on('close', () => database.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = new URL(databaseUrl)
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    take () {
      const taken = count
      count = { statements: 0, roundTrips: 0 }
      return taken
    },
    close () {
      server.close()
      for (const socket of sockets) socket.destroy()
    }
  }
}

/** Tells the type of each message of a stream; the first, which starts the connection, has none. */
function messageReader (onMessage: (type: string) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0)
  let started = false
  return chunk => {
    rest = Buffer.concat([rest, chunk])
    for (;;) {
      const head = (started ? typeBytes : 0) + lengthBytes
      if (rest.length < head) return
      const size = rest.readInt32BE(head - lengthBytes) + head - lengthBytes
      if (rest.length < size) return
      if (started) onMessage(String.fromCharCode(rest[0] ?? 0))
      started = true
      rest = rest.subarray(size)
    }
  }
}
