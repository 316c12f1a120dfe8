import { once } from 'node:events'
import { connect } from 'node:net'

export interface RawReply {
  status: number
  /** Names in lower case. */
  headers: Map<string, string>
  text: string
}

/** Sends bytes as they are to the server at `url` and reads until it hangs up. */
export async function sendBytes (url: string, bytes: string | Buffer, { half = false } = {}): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  // A server that hangs up on what is still being sent resets the connection; what it said before counts.
  socket.on('error', () => {})
  const closed = new Promise(resolve => socket.once('end', resolve).once('close', resolve))
  await once(socket, 'connect')
  socket.write(bytes)
  if (half) socket.end()
  await closed
  socket.destroy()
  return Buffer.concat(chunks).toString('latin1')
}

/** Takes one reply apart. */
export function readReply (text: string): RawReply {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const [statusLine = '', ...lines] = head.split('\r\n')
  const headers = lines.map(line => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
  })
  return { status: Number(statusLine.split(' ')[1]), headers: new Map(headers), text: rest.join('\r\n\r\n') }
}

export interface RawRequest {
  method?: string
  target: string
  /** Whole lines, as they are. */
  headers?: string[]
  body?: string | Buffer
}

/** Sends one request whose target and headers no client library would let pass, and reads the reply. */
export async function sendRaw (
  url: string, { method = 'POST', target, headers = [], body = '' }: RawRequest
): Promise<RawReply> {
  const bytes = Buffer.from(body)
  const framing = headers.some(line => /^(content-length|transfer-encoding):/i.test(line))
    ? []
    : [`Content-Length: ${bytes.length}`]
  const head = [`${method} ${target} HTTP/1.1`, 'Host: localhost', 'Connection: close', ...framing, ...headers]
  return readReply(await sendBytes(url, Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), bytes])))
}
