import type { FastifyInstance } from 'fastify'

/**
 * For a scope whose routes have no body: what a client sends as one is ignored, whatever it is (RFC 9110 9.3.5), rather
 * than refused by its type or size.
 */
export function ignoreBodies (scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, payload, done) => {
    payload.resume()
    done(null)
  })
}
