import type { FastifyRequest } from 'fastify'
import { HttpFailure } from '../../http/failure.js'
import { isForeign, ownOrigins } from '../../http/own-origins.js'

/** Whether a browser opens the address itself, as for a link in a mail, rather than a script (Fetch Metadata). */
export function isNavigation ({ headers }: FastifyRequest): boolean {
  return headers['sec-fetch-mode'] === 'navigate'
}

/** Refuses what another origin's page loads, an image with the address for one. @throws HttpFailure `foreign_origin` */
export function foreignPageGuard (settings: Parameters<typeof ownOrigins>[0]) {
  const own = ownOrigins(settings)
  return async function refuseForeignPage (request: FastifyRequest): Promise<void> {
    if (!isNavigation(request) && isForeign(request, own)) throw new HttpFailure('foreign_origin')
  }
}
