import cookie from '@fastify/cookie'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyServerOptions } from 'fastify'
import type { FastifyRateLimitStore } from '@fastify/rate-limit'
import { contracts, type ContractName } from '../contracts/index.js'
import { answerBrokenRequests } from './broken-requests.js'
import type { ContractOptions } from '../http/contract.js'
import { errorHandler, sendFailure } from './error-handler.js'
import { addFormats } from './formats.js'
import { serveFrontPage, type Listening } from './front-page.js'
import { closeGracefully } from './graceful-close.js'
import { parseJson, takeEmptyForm } from './json-body.js'
import { registerCors } from './plugins/cors.js'
import { registerHelmet } from './plugins/helmet.js'
import { registerRateLimit } from './plugins/rate-limit.js'
import { registerSwaggerUi } from './plugins/swagger-ui.js'
import { registerSwagger } from './plugins/swagger.js'
import { noteContract, type RequestDurations } from './request-durations.js'
import { RequestLog } from './request-log.js'
import { createRequestIds, sendRequestId } from './request-id.js'
import { createRouteTable } from './route-table.js'
import { schemaController } from './schema-compilers.js'
import { refuseSecondHost } from './single-host.js'
import { cutUnreadReplies } from './unread-replies.js'

export interface ListenerOptions extends Omit<ContractOptions, 'requestMetrics'> {
  log: ContractOptions['log'] & { isLevelEnabled (level: string): boolean }
  /** At least one; the first also answers requests that match no route. */
  contracts: readonly [ContractName, ...ContractName[]]
  /** The listeners of this process, each as soon as it is open; the front page links to them. */
  listeners?: readonly Listening[]
  /** Where the requests to password routes are counted. */
  requestCounts: FastifyRateLimitStore
  /** Where the requests of all listeners are measured. */
  requestDurations: RequestDurations
  /** CIDRs of the proxies whose X-Forwarded-For is believed. */
  trustProxy: readonly string[]
}

/** Times in milliseconds. */
const limits = {
  bodyLimit: 16 * 1024,
  /** For the whole request; Fastify's default of 0 would switch Node's own guard off. */
  requestTimeout: 15_000,
  /** Of silence, while a reply is not read. */
  connectionTimeout: 30_000,
  keepAliveTimeout: 72_000,
  http: {
    /** Also of a connection on which nothing is sent. */
    headersTimeout: 10_000,
    /** How often Node looks for requests that are over time; by default they have up to 30 s more. */
    connectionsCheckingInterval: 2_000
  }
} as const

const unreadReplies = { maxMs: 30_000, maxBytes: 64 * 1024 * 1024 }

/**
 * Builds one Fastify instance with some contracts mounted; it does not listen yet.
 * @throws RouteConflict when two of the contracts define the same route
 */
export async function buildListener (options: ListenerOptions): Promise<FastifyInstance> {
  const { contracts: names, settings, log, listeners = [] } = options
  const first = contracts[names[0]]
  const title = `Keyturn: ${names.join(', ')}`
  const app = Fastify(serverOptions(options))
  // Before any route: each keeps the handler that it finds.
  app.setErrorHandler(errorHandler(first, log))
  app.setNotFoundHandler(({ url }, reply) => {
    const name = names.find(each => contracts[each].unservedPaths?.test(url))
    sendFailure(name === undefined ? first : contracts[name], { code: 'unknown_route' }, reply)
  })
  app.removeContentTypeParser('text/plain')
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, parseJson(app))
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'buffer' }, takeEmptyForm)
  app.server.maxConnections = settings.maxConnections
  cutUnreadReplies(app.server, unreadReplies)
  closeGracefully(app)
  app.addHook('onRequest', sendRequestId)
  app.addHook('onRequest', refuseSecondHost)
  app.addHook('onResponse', options.requestDurations.observe)
  await registerHelmet(app, settings.issuer)
  await registerCors(app, settings.corsOrigins)
  await registerRateLimit(app, options.requestCounts)
  const hasDocs = settings.apiDocs === 'on'
  if (hasDocs) {
    await registerSwagger(app, names, title)
    await registerSwaggerUi(app, title)
  }
  serveFrontPage(app, { contracts: names, publicUrl: settings.issuer, listeners, hasDocs })
  await mountContracts(app, options)
  return app
}

function serverOptions ({ contracts: [first], log, trustProxy }: ListenerOptions) {
  return {
    ...limits,
    ...requestLogging(log),
    trustProxy: trustProxy.length === 0 ? false : [...trustProxy],
    // While stopping, kept-alive connections are still served.
    return503OnClosing: false,
    genReqId: createRequestIds(trustProxy),
    forceCloseConnections: 'idle',
    clientErrorHandler: answerBrokenRequests(contracts[first]),
    frameworkErrors: errorHandler(contracts[first], log),
    schemaController,
    ajv: {
      customOptions: { coerceTypes: false, removeAdditional: false, allErrors: true },
      onCreate: addFormats
    }
  } satisfies FastifyServerOptions
}

/** Each contract in a scope of its own, so that nothing of one is seen by another; then 405 for all other methods. */
async function mountContracts (app: FastifyInstance, options: ListenerOptions): Promise<void> {
  const errorHandlerOf = (name: ContractName) => errorHandler(contracts[name], options.log)
  const table = createRouteTable<ContractName>()
  for (const name of options.contracts) {
    await app.register(async scope => {
      scope.setErrorHandler(errorHandlerOf(name))
      scope.addHook('onRoute', table.recorder(name))
      scope.addHook('onRoute', noteContract(name))
      // Its hooks run for each request: a contract without cookies goes without.
      if (contracts[name].credentials.cookie !== undefined) await scope.register(cookie)
      await scope.register(contracts[name].routes, { ...options, requestMetrics: options.requestDurations.text })
    })
  }
  table.refuseOtherMethods(app, errorHandlerOf)
}

/** With no line for each request, nothing need be prepared for one. */
function requestLogging (log: ListenerOptions['log']) {
  const loggerInstance: FastifyBaseLogger = log
  return log.isLevelEnabled('info') ? { loggerInstance, logController: new RequestLog() } : {}
}
