import { isUtf8 } from 'node:buffer'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { HttpFailure } from '../http/failure.js'

type Done = (error: Error | null, body?: unknown) => void

/**
 * A JSON parser that accepts an empty body: clients set the content type on requests without one too, such
 * as a sign-out. Keys that would reach an object's prototype are refused. A body that no route takes is not read.
 * JSON is UTF-8 (RFC 8259 8.1); a lenient decoder would turn all other bytes into one character, also in a password.
 */
export function parseJson (app: FastifyInstance) {
  const parse = app.getDefaultJsonParser('error', 'error')
  return (request: FastifyRequest, body: Buffer, done: Done) => {
    if (body.length === 0 || request.is404) return done(null, undefined)
    return isUtf8(body) ? parse(request, body.toString(), done) : done(new HttpFailure('invalid_json'))
  }
}

/**
 * A form that is empty is no body: `axios.post(url)` and others send this content type by default. It is taken where a
 * body is optional, such as at a sign-out, and refused like any other form elsewhere.
 */
export function takeEmptyForm ({ routeOptions }: FastifyRequest, body: Buffer, done: Done): void {
  const { schema } = routeOptions
  const isOptional = schema?.body === undefined || 'optionalBody' in schema
  return done(body.length === 0 && isOptional ? null : new HttpFailure('unsupported_media_type'), undefined)
}
