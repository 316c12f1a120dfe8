import type { IncomingMessage, ServerResponse } from 'node:http'
import { InvalidToken } from './invalid-token.js'
import type { Account, PartnerOptions } from './partner.js'
import { createProtectedResource } from './protected-resource.js'

/** A request after `authenticate`. */
export interface AuthenticatedRequest extends IncomingMessage {
  account?: Account
}

/** Middleware of Express 4 and 5 and of Connect. */
export type Middleware = (
  request: AuthenticatedRequest, response: ServerResponse, next: (error?: unknown) => void
) => void

/** Makes the middleware of a service; `close()` ends its polling. */
export function keyturn (options: PartnerOptions) {
  const resource = createProtectedResource(options)
  const { partner, metadata } = resource

  const refusing = (check: (request: AuthenticatedRequest) => Promise<void>): Middleware =>
    (request, response, next) => {
      check(request).then(() => next(), (error: unknown) => {
        if (error instanceof InvalidToken) reply(response, error.status, error.body, error.headers)
        else next(error)
      })
    }

  return {
    partner,

    /** Lets only requests with a valid token pass, with `request.account`. */
    authenticate: refusing(async request => {
      request.account = await resource.authenticate(request.headers.authorization)
    }),

    /** The same for tokens with all of these scopes; after `authenticate`. */
    requireScope: (...scopes: string[]) => refusing(async ({ account }) => {
      if (account === undefined) throw new Error('put authenticate before requireScope')
      resource.requireScopes(account, scopes)
    }),

    /** Answers with the metadata of the service (RFC 9728), at its path and nowhere else. */
    metadata: ((request, response, next) => {
      if (metadata === null || new URL(String(request.url), 'http://x').pathname !== metadata.path) next()
      else reply(response, 200, metadata.body)
    }) satisfies Middleware,

    health: partner.health,
    close: partner.close
  }
}

function reply (response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, { ...headers, 'content-type': 'application/json' }).end(JSON.stringify(body))
}
