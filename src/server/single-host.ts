import type { FastifyRequest, HookHandlerDoneFunction } from 'fastify'
import { HttpFailure } from '../http/failure.js'

/** Refuses a request with two Host headers: proxies and servers differ in which one they believe (RFC 9112 3.2). */
export function refuseSecondHost (request: FastifyRequest, _reply: unknown, done: HookHandlerDoneFunction): void {
  const { rawHeaders } = request.raw
  let hosts = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1
  }
  done(hosts > 1 ? new HttpFailure('malformed_request') : undefined)
}
