import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { Histogram, Registry } from 'prom-client'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The contract of a route; absent for pages of the listener itself. */
    contract?: string
  }
}

/** Seconds: a validation, a refresh, a sign-in, and what is too long for all of them. */
const buckets = [0.005, 0.05, 0.25, 1]

/** The methods of routes; any other is refused with 405 and counted as one. */
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

export type RequestDurations = ReturnType<typeof createRequestDurations>

/** An `onRoute` hook that notes in a route's configuration which contract it belongs to. */
export const noteContract = (contract: string) => (route: RouteOptions): void => {
  route.config = { ...route.config, contract }
}

/**
 * Measures the requests of all listeners of a process. The labels are of closed sets, whatever is sent: of a path its
 * template, or nothing where no route of a contract answers; of a status its class. So the series are bounded by the
 * routes.
 */
export function createRequestDurations () {
  const registry = new Registry()
  const histogram = new Histogram({
    name: 'keyturn_http_request_duration_seconds',
    help: 'From the first byte of a request to the last of its reply, by route and class of status',
    labelNames: ['contract', 'route', 'method', 'status'],
    buckets,
    registers: [registry]
  })

  return {
    /** In the text format of Prometheus. */
    text: (): Promise<string> => registry.metrics(),

    /** An `onResponse` hook. */
    observe (this: void, request: FastifyRequest, reply: FastifyReply, done: () => void): void {
      const { url = '', config: { contract = '' } } = request.routeOptions
      const route = contract === '' ? '' : url
      const method = methods.has(request.method) ? request.method : ''
      const status = `${Math.floor(reply.statusCode / 100)}xx`
      histogram.observe({ contract, route, method, status }, reply.elapsedTime / 1000)
      done()
    }
  }
}
