import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { Statement } from './fixture.js'

/** A database's address, through which every statement that is prepared is written down. */
export interface StatementRecorder {
  url: string
  /** Each one once, in alphabetical order. */
  statements (): Statement[]
  close (): void
}

const headBytes = 5
const lengthBytes = 4

/** Puts a recorder between a program and its Postgres; it changes nothing of what passes. */
export async function startStatementRecorder (databaseUrl: string): Promise<StatementRecorder> {
  const target = new URL(databaseUrl)
  const seen = new Map<string, Statement>()
  const sockets = new Set<Socket>()

  const server = createServer({ noDelay: true }, client => {
    const database = connect({ port: Number(target.port), host: target.hostname, noDelay: true })
    for (const socket of [client, database]) sockets.add(socket.on('error', () => socket.destroy()))
    database.pipe(client)
    const read = frontendMessages((type, body) => {
      if (type !== 'P') return
      const statement = parsed(body)
      // It names no table, and cannot be prepared by its text.
      if (!statement.text.startsWith('listen')) seen.set(JSON.stringify(statement), statement)
    })
    client.on('data', chunk => { read(chunk); database.write(chunk) })
    client.on('close', () => database.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = new URL(databaseUrl)
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    statements: () => [...seen].sort(([a], [b]) => a < b ? -1 : 1).map(([, statement]) => statement),
    close () {
      server.close()
      for (const socket of sockets) socket.destroy()
    }
  }
}

/** Cuts a stream into the messages of protocol 3.0; the first, which starts the connection, has no type. */
function frontendMessages (onMessage: (type: string, body: Buffer) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0)
  let head = lengthBytes
  return chunk => {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= head) {
      const size = rest.readInt32BE(head - lengthBytes) + head - lengthBytes
      if (rest.length < size) return
      if (head === headBytes) onMessage(String.fromCharCode(rest[0] ?? 0), rest.subarray(head, size))
      head = headBytes
      rest = rest.subarray(size)
    }
  }
}

/** The message Parse: a name, the statement, the types of its parameters. */
function parsed (body: Buffer): Statement {
  const from = body.indexOf(0) + 1
  const to = body.indexOf(0, from)
  const text = body.subarray(from, to).toString().replace(/\s+/g, ' ').trim()
  const types = Array.from({ length: body.readInt16BE(to + 1) }, (_, index) => body.readInt32BE(to + 3 + index * 4))
  return { text, types }
}
