import type { FastifyInstance, FastifyRequest } from 'fastify'

type Done = (error: Error | null, body?: unknown) => void

/**
 * A JSON parser that takes no body for what it is: clients set the content type on requests without one too, such
 * as a sign-out. Keys that would reach an object's prototype are refused.
 */
export function parseJson (app: FastifyInstance) {
  const parse = app.getDefaultJsonParser('error', 'error')
  return (request: FastifyRequest, body: string, done: Done) =>
    body === '' ? done(null, undefined) : parse(request, body, done)
}
