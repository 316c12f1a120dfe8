import { once } from 'node:events'
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { startServer } from '../src/server/server.js'
import { startTracing } from '../src/tracing.js'
import { buildSettings, testLog } from './support/build.js'
import { post, send } from './support/http.js'
import { keyturn, startKeyturn } from './support/keyturn-process.js'
import { registered } from './support/people.js'
import { freePort } from './support/postgres-server.js'
import { embeddedFolder } from './support/test-database.js'
import { until } from './support/until.js'

interface Span {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  kind: number
  status: { code?: number }
  attributes: Array<{ key: string, value: { stringValue?: string, intValue?: number } }>
}

interface Traces {
  resourceSpans: Array<{
    resource: Pick<Span, 'attributes'>
    scopeSpans: Array<{ spans: Span[] }>
  }>
}

/** A collector that keeps what it gets. */
async function startCollector (t: Test) {
  const received: Traces[] = []
  const server = createServer((request, response) => {
    json(request).then(body => {
      if (request.url === '/v1/traces') received.push(body as Traces)
      response.setHeader('content-type', 'application/json').end('{}')
    }, () => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.closeAllConnections(); server.close() })
  const { port } = server.address() as AddressInfo
  return { endpoint: `http://127.0.0.1:${port}`, received }
}

const valueOf = ({ attributes }: Pick<Span, 'attributes'>, name: string) => {
  const { stringValue, intValue } = attributes.find(({ key }) => key === name)?.value ?? {}
  return stringValue ?? intValue
}

t.test('each request is a trace with its statements, and nothing of a person or a secret is in it', async t => {
  const { endpoint, received } = await startCollector(t)
  const tracing = await startTracing({ endpoint, serviceName: 'auth' })
  const settings = await buildSettings(t)
  const server = await startServer({ settings, log: testLog().log, now: Date.now, tracing })
  let isStopped = false
  const stop = async () => {
    if (!isStopped) await server.stop()
    isStopped = true
  }
  t.teardown(stop)
  await server.ready
  const [api = ''] = server.addresses
  const person = await registered(api)
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  const { body: { data } } = await post(`${api}/api/auth/login?token=secret-of-a-query`, person, {
    traceparent: `00-${traceId}-b7ad6b7169203331-01`
  })
  await send(`${api}/api/auth/validate-token/${data.refreshToken}`)
  await server.core.accounts.findByEmail(person.email)
  await t.rejects(server.core.accounts.find('no id'))
  await stop()

  const [first] = received.flatMap(({ resourceSpans }) => resourceSpans)
  t.equal(valueOf(first?.resource ?? { attributes: [] }, 'service.name'), 'auth')
  const spans = received.flatMap(({ resourceSpans }) => resourceSpans)
    .flatMap(({ scopeSpans }) => scopeSpans).flatMap(({ spans }) => spans)
  const request = spans.find(({ name }) => name === 'POST /api/auth/login')
  t.match(request, { traceId, parentSpanId: 'b7ad6b7169203331' }, 'it goes on with the trace of the caller')
  t.equal(request === undefined ? 0 : valueOf(request, 'http.response.status_code'), 200)
  const statements = spans.filter(span => span.traceId === traceId && valueOf(span, 'db.system.name') === 'postgresql')
  t.ok(statements.length >= 2, `${statements.length} statements`)
  t.match(statements.map(({ name }) => name).join(), 'WITH')
  t.ok(spans.some(({ name, status }) => name === 'select' && status.code === 2), 'the statement that failed')
  t.ok(spans.some(({ name }) => name === 'GET'), 'a path without a route has a name without it')
  const all = JSON.stringify(received)
  for (const secret of [person.email, person.password, data.token, data.refreshToken, 'secret-of-a-query']) {
    t.notMatch(all, String(secret))
  }
})

t.test('serve traces where the environment names a collector, and sends what is left when it stops', async t => {
  const { endpoint, received } = await startCollector(t)
  const port = await freePort()
  const child = startKeyturn(['serve'], {
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `${endpoint}/`,
      OTEL_SERVICE_NAME: 'auth',
      LISTEN: `127.0.0.1:${port}=ops`,
      DATA_DIR: await embeddedFolder(t)
    },
    counted: true
  })
  const exited = once(child, 'exit')
  child.stdout.resume()
  const livez = `http://127.0.0.1:${port}/livez`
  await until('it answers', () => send(livez).then(({ status }) => status === 200, () => false))
  child.kill('SIGTERM')
  t.same(await exited, [0, null])
  t.match(JSON.stringify(received), /"GET \/livez"/)
  t.match(JSON.stringify(received), /"service\.name","value":\{"stringValue":"auth"\}/)
})

t.test('a statement that fails is marked as failed', async t => {
  const { endpoint, received } = await startCollector(t)
  const { onStatement, stop } = await startTracing({ endpoint, serviceName: 'keyturn' })
  onStatement('SELECT\n  1')()
  onStatement('UPDATE things')(new Error('no'))
  await stop()
  const spans = received.flatMap(({ resourceSpans }) => resourceSpans)
    .flatMap(({ scopeSpans }) => scopeSpans).flatMap(({ spans }) => spans)
  t.same(spans.map(span => [span.name, valueOf(span, 'db.query.text'), span.status.code ?? 0]), [
    ['SELECT', 'SELECT 1', 0], ['UPDATE', 'UPDATE things', 2]
  ])
})

t.test('where the packages are not installed, the start says what to install', async t => {
  const hidden = `data:text/javascript,${encodeURIComponent(`
    import { register } from 'node:module'
    register('data:text/javascript,' + encodeURIComponent(\`
      export const resolve = (name, context, next) => {
        if (name.startsWith('@opentelemetry/')) throw new Error('no ' + name)
        return next(name, context)
      }\`))`)}`
  const { code, stderr } = await keyturn(['serve'], {
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', DATA_DIR: t.testdir({}) }, preload: hidden, counted: true
  })
  t.equal(code, 1)
  t.match(stderr, 'npm install @fastify/otel')
})
