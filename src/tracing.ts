import type { OnStatement } from './db/pool.js'
import { withoutTokens } from './log.js'
import { version } from './version.js'

export interface TracingSettings {
  /** Of an OpenTelemetry collector, for OTLP over HTTP. */
  endpoint: string
  /** What traces call this service. */
  serviceName: string
}

export interface Tracing {
  onStatement: OnStatement
  /** Sends what is left. */
  stop (this: void): Promise<void>
}

const packages = [
  '@fastify/otel', '@opentelemetry/api', '@opentelemetry/exporter-trace-otlp-http', '@opentelemetry/resources',
  '@opentelemetry/sdk-trace-node'
]

/** They are no dependencies: most do not trace. */
async function load () {
  try {
    const [{ FastifyOtelInstrumentation }, api, { OTLPTraceExporter }, { resourceFromAttributes }, sdk] =
      await Promise.all([
        import('@fastify/otel'),
        import('@opentelemetry/api'),
        import('@opentelemetry/exporter-trace-otlp-http'),
        import('@opentelemetry/resources'),
        import('@opentelemetry/sdk-trace-node')
      ])
    return { FastifyOtelInstrumentation, api, OTLPTraceExporter, resourceFromAttributes, sdk }
  } catch (cause) {
    throw new Error(`OTEL_EXPORTER_OTLP_ENDPOINT needs packages that are not there: npm install ${packages.join(' ')}`,
      { cause })
  }
}

/**
 * Sends a trace of each request, with its statements, to an OpenTelemetry collector. To be called before the server is
 * built. Spans have methods, routes, statuses and statements without their parameters: nothing of a person, no secret.
 * @throws Error when the packages are not installed
 */
export async function startTracing ({ endpoint, serviceName }: TracingSettings): Promise<Tracing> {
  const { FastifyOtelInstrumentation, api, OTLPTraceExporter, resourceFromAttributes, sdk } = await load()
  const provider = new sdk.NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName, 'service.version': version }),
    spanProcessors: [new sdk.BatchSpanProcessor(new OTLPTraceExporter({ url: `${endpoint}/v1/traces` }))]
  })
  provider.register()
  const requests = new FastifyOtelInstrumentation({
    registerOnInitialization: true,
    instrumentHooks: false,
    // Their stacks say little and their messages may quote what was sent.
    recordExceptions: false,
    requestHook (span, { method, url, routeOptions }) {
      span.updateName(`${method} ${routeOptions.url ?? ''}`.trim())
      // The query is left out: credentials travel in it.
      span.setAttribute('url.path', withoutTokens(url))
    }
  })
  requests.setTracerProvider(provider)
  const tracer = provider.getTracer('keyturn', version)

  return {
    onStatement (text) {
      const query = text.replaceAll(/\s+/g, ' ').trim()
      const span = tracer.startSpan(query.split(' ', 1).join(''), {
        kind: api.SpanKind.CLIENT,
        attributes: { 'db.system.name': 'postgresql', 'db.query.text': query }
      })
      return error => {
        if (error !== undefined) span.setStatus({ code: api.SpanStatusCode.ERROR })
        span.end()
      }
    },

    async stop () {
      requests.disable()
      await provider.shutdown()
    }
  }
}
