import type { FastifyRequest } from 'fastify'

/** A hook of a route whose body may be left out, and is validated where there is one. */
export async function allowNoBody (request: FastifyRequest): Promise<void> {
  request.body ??= {}
}
