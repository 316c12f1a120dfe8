import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Contract } from '../http/contract.js'
import type { HttpFailureCode } from '../http/failure.js'

const codes: Record<string, HttpFailureCode> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout'
}

/** Answers requests that are not valid HTTP, in the shape of the given contract, and closes the connection. */
export function answerBrokenRequests (contract: Contract) {
  return (error: { code: string }, socket: Socket): void => {
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy()
      return
    }
    const { status, body } = contract.render({ code: codes[error.code] ?? 'malformed_request' })
    const text = JSON.stringify(body)
    socket.end([
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'content-type: application/json; charset=utf-8',
      `content-length: ${Buffer.byteLength(text)}`,
      'connection: close',
      '',
      text
    ].join('\r\n'))
  }
}
