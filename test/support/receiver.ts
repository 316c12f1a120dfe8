import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'

export interface ReceivedRequest {
  headers: IncomingHttpHeaders
  body: string
}

/** A receiver of webhooks on this machine, which answers as the test says. */
export async function newReceiver (t: Test, answer: (response: ServerResponse, count: number) => void = ok) {
  const received: ReceivedRequest[] = []
  const server = createServer((request, response) => {
    text(request).then(body => {
      received.push({ headers: request.headers, body })
      answer(response, received.length)
    }, () => {})
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, received }
}

function ok (response: ServerResponse): void {
  response.writeHead(204).end()
}

/** What a receiver reads of a body. */
export const eventIn = ({ body }: ReceivedRequest) => JSON.parse(body) as {
  type: string, timestamp: string, data: Record<string, string | null>
}
