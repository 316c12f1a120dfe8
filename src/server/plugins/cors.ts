import cors from '@fastify/cors'
import type { FastifyInstance } from 'fastify'

/** Lets the pages of these origins call with cookies (Fetch standard, CORS protocol); without any, no other page. */
export async function registerCors (app: FastifyInstance, origins: readonly string[]): Promise<void> {
  if (origins.length === 0) return
  await app.register(cors, {
    delegator: (request, callback) => callback(null, {
      origin: [...origins],
      credentials: true,
      methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
      exposedHeaders: ['Keyturn-Device', 'Link', 'Retry-After', 'Set-Auth-Token'],
      // Without these two headers OPTIONS is a method like any other (Fetch standard, CORS-preflight request).
      preflight: request.headers.origin !== undefined &&
        request.headers['access-control-request-method'] !== undefined
    })
  })
}
