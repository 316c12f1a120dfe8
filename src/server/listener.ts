import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
import rateLimit from '@fastify/rate-limit'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import type { Redis } from 'ioredis'
import { contracts, type ContractName } from '../contracts/index.js'
import { answerBrokenRequests } from './broken-requests.js'
import type { ContractOptions } from '../http/contract.js'
import { errorHandler, sendFailure } from './error-handler.js'
import { HttpFailure } from '../http/failure.js'
import { addFormats } from './formats.js'
import { closeGracefully } from './graceful-close.js'
import { parseJson } from './json-body.js'
import { RequestLog } from './request-log.js'
import { createRouteTable } from './route-table.js'
import { version } from '../version.js'

export interface ListenerOptions extends ContractOptions {
  log: ContractOptions['log'] & { isLevelEnabled (level: string): boolean }
  /** At least one; the first also answers what belongs to no route. */
  contracts: readonly [ContractName, ...ContractName[]]
  /** Where requests are counted for all processes together; in this one's memory when there is none. */
  redis: Redis | null
  /** CIDRs of the proxies whose X-Forwarded-For is believed. */
  trustProxy: readonly string[]
}

const limits = {
  bodyLimit: 16 * 1024,
  /** Milliseconds for the whole request; Fastify's default of 0 would switch Node's own guard off. */
  requestTimeout: 15_000,
  connectionTimeout: 30_000,
  keepAliveTimeout: 72_000
} as const

/**
 * Builds one Fastify instance with some contracts mounted; it does not listen yet.
 * @throws RouteConflict when two of the contracts define the same route
 */
export async function buildListener (options: ListenerOptions): Promise<FastifyInstance> {
  const names = options.contracts
  const first = contracts[names[0]]
  const app = Fastify({
    ...limits,
    ...requestLogging(options.log),
    trustProxy: options.trustProxy.length === 0 ? false : [...options.trustProxy],
    // While stopping, kept-alive connections are still served.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    clientErrorHandler: answerBrokenRequests(first),
    frameworkErrors: errorHandler(first, options.log),
    ajv: {
      customOptions: { coerceTypes: false, removeAdditional: false, allErrors: true },
      onCreate: addFormats
    }
  })

  app.removeContentTypeParser('text/plain')
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, parseJson(app))
  closeGracefully(app)
  if (options.settings.CORS_ORIGIN.length > 0) {
    await app.register(cors, {
      delegator: (request, callback) => callback(null, {
        origin: [...options.settings.CORS_ORIGIN],
        credentials: true,
        methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
        exposedHeaders: ['Link', 'Retry-After'],
        // Without these two headers OPTIONS is a method like any other (Fetch standard, CORS-preflight request).
        preflight: request.headers.origin !== undefined &&
          request.headers['access-control-request-method'] !== undefined
      })
    })
  }
  await app.register(rateLimit, {
    global: false,
    errorResponseBuilder: () => new HttpFailure('rate_limited'),
    // What Redis cannot count is let through: other limits stand behind this one.
    ...(options.redis !== null && { redis: options.redis, nameSpace: 'keyturn:rate:', skipOnError: true })
  })
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: `Keyturn: ${names.join(', ')}`,
        version,
        description: names.map(name => `${contracts[name].description}.`).join(' '),
        license: { name: 'MIT', identifier: 'MIT' }
      },
      // A route that needs a token says so itself.
      security: [],
      servers: [{ url: '/' }],
      components: { securitySchemes: securitySchemes(names) },
      tags: names.map(name => ({ name, description: contracts[name].description }))
    }
  })
  await app.register(swaggerUi, { routePrefix: '/docs' })
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger())

  const table = createRouteTable()
  for (const name of names) {
    await app.register(async scope => {
      scope.setErrorHandler(errorHandler(contracts[name], options.log))
      scope.addHook('onRoute', table.recorder(name))
      // Its hooks run for each request: a contract without cookies goes without.
      if (contracts[name].credentials.some(credential => credential.startsWith('cookie '))) await scope.register(cookie)
      await scope.register(contracts[name].routes, options)
    })
  }
  table.refuseOtherMethods(app, name => errorHandler(contracts[name as ContractName], options.log))
  app.setErrorHandler(errorHandler(first, options.log))
  app.setNotFoundHandler((_request, reply) => sendFailure(first, { code: 'unknown_route' }, reply))
  return app
}

/** With no line for each request, nothing need be prepared for one. */
function requestLogging (log: ListenerOptions['log']) {
  const loggerInstance: FastifyBaseLogger = log
  return log.isLevelEnabled('info') ? { loggerInstance, logController: new RequestLog() } : {}
}

type SecurityScheme =
  | { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }
  | { type: 'apiKey', in: 'cookie', name: string }

/** How the routes of these contracts may be given an access token. */
function securitySchemes (names: readonly ContractName[]): Record<string, SecurityScheme> {
  const credentials = new Set<string>(names.flatMap(name => contracts[name].credentials))
  return Object.fromEntries([...credentials].map((credential): [string, SecurityScheme] => {
    const [kind = '', name = ''] = credential.split(' ')
    return kind === 'bearer'
      ? [kind, { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }]
      : [name, { type: 'apiKey', in: 'cookie', name }]
  }))
}
