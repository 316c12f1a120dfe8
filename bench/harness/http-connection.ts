import { once } from 'node:events'
import { connect } from 'node:net'

/** One kept-alive connection that carries one request at a time. */
export interface HttpConnection {
  /** Sends JSON, or what the header lines say, and resolves with the answer's body. @throws unless it is 200 */
  post (path: string, body: string, headers?: string): Promise<string>
  close (): void
}

const answerPatienceMs = 10_000
const endOfHead = '\r\n\r\n'

interface Waiting {
  path: string
  resolve: (body: string) => void
  reject: (error: Error) => void
}

/**
 * Connects to a port of the loopback address. It reads no more of HTTP than the two servers here send, because
 * a complete client would take longer than the server it measures. Everything is ASCII.
 */
export async function openConnection (port: number): Promise<HttpConnection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  let received = ''
  let waiting: Waiting | null = null
  let broken: Error | null = null

  function fail (reason: Error): void {
    broken ??= new Error(`the connection to port ${port} broke`, { cause: reason })
    waiting?.reject(broken)
    waiting = null
    socket.destroy()
  }

  function answered ({ path, resolve }: Waiting): void {
    const bodyStart = received.indexOf(endOfHead) + endOfHead.length
    if (bodyStart < endOfHead.length) return
    const head = received.slice(0, bodyStart)
    const length = Number(/\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1])
    if (Number.isNaN(length)) return fail(new Error(`${path}: an answer without Content-Length\n${head}`))
    if (received.length < bodyStart + length) return
    const body = received.slice(bodyStart)
    if (!head.startsWith('HTTP/1.1 200 ')) return fail(new Error(`${path}: not 200\n${head}${body}`))
    received = ''
    waiting = null
    resolve(body)
  }

  socket.on('data', chunk => {
    received += chunk.toString('latin1')
    if (waiting !== null) answered(waiting)
  })
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('it was closed')))
  socket.setTimeout(answerPatienceMs, () => { if (waiting !== null) fail(new Error('no answer in time')) })

  return {
    post (path, body, headers = 'content-type: application/json') {
      return new Promise((resolve, reject) => {
        if (broken !== null) return reject(broken)
        waiting = { path, resolve, reject }
        socket.write(`POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${headers}\r\n` +
          `content-length: ${body.length}\r\n\r\n${body}`)
      })
    },
    close: () => { socket.destroy() }
  }
}
