import { once } from 'node:events'
import { connect } from 'node:net'

/** One kept-alive connection that carries one request at a time. */
export interface HttpConnection {
  /** Sends JSON, or what the header lines say, and resolves with the answer's body. @throws unless it is 200 */
  post (path: string, body: string, headers?: string): Promise<string>
  /** Asks with the header lines and resolves with the whole answer. @throws unless it is 200 */
  get (path: string, headers: string): Promise<Answer>
  /** Posts JSON, with more header lines, and resolves with the status of the answer, whatever it is. */
  statusOf (path: string, body: string, headers: string): Promise<number>
  close (): void
}

export interface Answer {
  /** The status line and the header lines. */
  head: string
  body: string
}

const defaultPatienceMs = 10_000
const endOfLine = '\r\n'
const endOfHead = endOfLine + endOfLine
const json = 'content-type: application/json'
const placeOfStatus = ['HTTP/1.1 '.length, 'HTTP/1.1 200'.length] as const
const isChunked = /\r\ntransfer-encoding: chunked\r\n/i

interface Waiting {
  path: string
  anyStatus: boolean
  resolve: (body: string, head: string) => void
  reject: (error: Error) => void
}

/**
 * Connects to a port of the loopback address. It reads no more of HTTP than the servers here send, because a
 * complete client would take longer than the server it measures. Everything is ASCII.
 * @param patienceMs how long an answer may take
 */
export async function openConnection (port: number, patienceMs = defaultPatienceMs): Promise<HttpConnection> {
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

  function answered ({ path, anyStatus, resolve }: Waiting): void {
    const bodyStart = received.indexOf(endOfHead) + endOfHead.length
    if (bodyStart < endOfHead.length) return
    const head = received.slice(0, bodyStart)
    const length = /\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1]
    if (length === undefined && !isChunked.test(head)) return fail(new Error(`${path}: a body of any length\n${head}`))
    if (received.length < bodyStart + Number(length ?? 0)) return
    const body = length === undefined ? joinChunks(received, bodyStart) : received.slice(bodyStart)
    if (body === null) return
    if (!anyStatus && !head.startsWith('HTTP/1.1 200 ')) return fail(new Error(`${path}: not 200\n${head}${body}`))
    received = ''
    waiting = null
    resolve(body, head)
  }

  function send (text: string, request: Waiting): void {
    if (broken !== null) return request.reject(broken)
    waiting = request
    socket.write(text)
  }

  function sendPost (path: string, body: string, headers: string, request: Omit<Waiting, 'path'>): void {
    send(`POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${headers}\r\n` +
      `content-length: ${body.length}\r\n\r\n${body}`, { path, ...request })
  }

  socket.on('data', chunk => {
    received += chunk.toString('latin1')
    if (waiting !== null) answered(waiting)
  })
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('it was closed')))
  socket.setTimeout(patienceMs, () => { if (waiting !== null) fail(new Error('no answer in time')) })

  return {
    post: (path, body, headers = json) => new Promise((resolve, reject) => {
      sendPost(path, body, headers, { anyStatus: false, resolve, reject })
    }),
    statusOf: (path, body, headers) => new Promise((resolve, reject) => {
      const status = (_body: string, head: string) => resolve(Number(head.slice(...placeOfStatus)))
      sendPost(path, body, `${json}\r\n${headers}`, { anyStatus: true, resolve: status, reject })
    }),
    get: (path, headers) => new Promise((resolve, reject) => {
      const text = `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${headers}\r\n\r\n`
      send(text, { path, anyStatus: false, resolve: (body, head) => resolve({ head, body }), reject })
    }),
    close: () => { socket.destroy() }
  }
}

/** The body that is sent in chunks from there on; `null` while some of it is missing. @throws unless they are chunks */
function joinChunks (received: string, start: number): string | null {
  let body = ''
  for (let at = start; ;) {
    const chunkStart = received.indexOf(endOfLine, at) + endOfLine.length
    if (chunkStart < endOfLine.length) return null
    const length = parseInt(received.slice(at, chunkStart), 16)
    if (Number.isNaN(length)) throw new Error(`not the length of a chunk\n${received.slice(at)}`)
    at = chunkStart + length + endOfLine.length
    if (received.length < at) return null
    if (length === 0) return body
    body += received.slice(chunkStart, chunkStart + length)
  }
}
