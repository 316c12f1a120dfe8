import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { text } from 'node:stream/consumers'
import fc from 'fast-check'
import { contractNames, type ContractName } from '../../src/contracts/index.js'
import { adminToken, type TestServer } from './build.js'
import { basic, newPartner } from './partner.js'
import { signedUpToManage } from './people.js'
import { problemsOf, readDocument, responseOf, type Operation } from './matches-openapi.js'

/** A request that some client could send and no well-meaning one would, to an operation of a contract. */
export interface HostileRequest {
  contract: ContractName
  /** As `POST /api/auth/login`. */
  route: string
  target: string
  headers: Record<string, string>
  body: string | Buffer | undefined
}

interface Operated {
  contract: ContractName
  route: string
  operation: Operation
}

const operations: Operated[] = contractNames.flatMap(contract =>
  Object.entries(readDocument(contract).paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) =>
      ({ contract, route: `${method.toUpperCase()} ${path}`, operation }))))

/** Texts that have broken some program. */
const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.constantFrom('', '\0', '\ud800', '__proto__', "' OR 1=1 --", '../../etc/passwd', '%s%n', '\u202e',
    'x'.repeat(5_000), '-1', '1e309', 'null', 'a@b.c', '<script>', '2026-02-30', 'rt_', 'eyJhbGciOiJub25lIn0.e30.')
)

/** JSON of every kind, deep and odd. */
const values = fc.oneof(
  texts, fc.jsonValue({ maxDepth: 4 }), fc.integer(), fc.double(), fc.boolean(), fc.constant(null))

/** The example of the operation's body, and some of it replaced. */
const bodiesOf = ({ operation }: Operated): fc.Arbitrary<unknown> => {
  const [media] = Object.values(operation.requestBody?.content ?? {})
  const example = media?.example ?? Object.values(media?.examples ?? {})[0]?.value ?? {}
  return fc.tuple(fc.dictionary(fc.constantFrom(...Object.keys(example), 'extra'), values, { maxKeys: 3 }))
    .map(([replaced]) => ({ ...example, ...replaced }))
}

const contentTypes = fc.constantFrom(
  'application/json', 'application/json', 'application/json', 'application/x-www-form-urlencoded', 'text/plain',
  'multipart/form-data; boundary=x', 'application/json; charset=utf-16', 'application/xml', '')

const asForm = (body: unknown) => new URLSearchParams(Object.fromEntries(Object.entries(body as object)
  .map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]))).toString()

const credentials = fc.oneof(
  fc.constant({}),
  fc.base64String({ maxLength: 200 }).map(token => ({ authorization: `Bearer ${token}` })),
  fc.base64String({ maxLength: 200 }).map(secret => ({ authorization: `Basic ${secret}` })),
  fc.webUrl().map(url => ({ authorization: encodeURIComponent(url) })),
  fc.base64String({ maxLength: 100 }).map(value => ({
    cookie: ['session', 'auth_token', 'token', 'keyturn_device'].map(name => `${name}=${value}`).join('; ')
  })),
  fc.constant({ cookie: 'session=a; session=b; auth_token=c; auth_token=d; token=e; token=f' }),
  // Good ones, which are filled in when the request is sent.
  fc.constant({ authorization: 'Bearer {token}' }),
  fc.constant({ authorization: `Bearer ${adminToken}` }),
  fc.constant({ cookie: 'session={token}; auth_token={token}; token={token}' }),
  fc.constant({ authorization: '{client}' })
)

/** Of a path. */
const segments = texts.filter(each => each.isWellFormed() && !/^\.*$|\0|\//.test(each)).map(each => each.slice(0, 90))

const requests: fc.Arbitrary<HostileRequest> = fc.constantFrom(...operations).chain(operated => {
  const [method = '', path = ''] = operated.route.split(' ')
  const hasBody = !['GET', 'HEAD'].includes(method)
  return fc.record({
    json: fc.oneof({ weight: 3, arbitrary: bodiesOf(operated) }, { weight: 1, arbitrary: values }),
    raw: fc.option(fc.uint8Array({ maxLength: 400 }), { freq: 5, nil: undefined }),
    contentType: contentTypes,
    credential: credentials,
    origin: fc.option(fc.constantFrom('https://evil.example', 'null', ''), { freq: 3, nil: undefined }),
    parameter: fc.oneof(fc.uuid(), segments),
    query: fc.option(fc.webQueryParameters(), { freq: 3, nil: '' })
  }).map(({ json, raw, contentType, credential, origin, parameter, query }) => {
    const encoded = contentType.includes('form-url') && typeof json === 'object' && json !== null
      ? asForm(json)
      : JSON.stringify(json)
    const body = raw === undefined ? encoded : Buffer.from(raw)
    const target = path.replaceAll(/\{\w+\}/g, encodeURIComponent(parameter)) + (query === '' ? '' : `?${query}`)
    return {
      contract: operated.contract,
      route: operated.route,
      target,
      headers: {
        ...credential,
        ...(origin !== undefined && { origin }),
        ...(hasBody && contentType !== '' && { 'content-type': contentType })
      },
      body: hasBody ? body : undefined
    }
  })
})

/** So many requests over all operations; the same ones whenever the number they begin from is the same. */
export function hostileRequests (begin: number, count: number): HostileRequest[] {
  return fc.sample(requests, { seed: begin, numRuns: count })
}

interface Answered {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

const baseOf = ({ api, tasks, web, ops }: TestServer, contract: ContractName): string =>
  ({ tasks, web, ops, admin: ops } as Partial<Record<ContractName, string>>)[contract] ?? api

function answered (url: URL, agent: Agent, { route, headers, body }: HostileRequest): Promise<Answered> {
  const [method = ''] = route.split(' ')
  return new Promise((resolve, reject) => {
    // With DELETE, Node sends no length by itself, and the body would be another request.
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
    const sent = httpRequest(url, { agent, method, headers: { ...headers, ...length } }, response => {
      const { statusCode: status = 0, headers } = response
      text(response).then(body => resolve({ status, headers, body }), reject)
    })
    sent.on('error', reject).end(body)
  })
}

/** What is wrong with a reply, or `null`: an unhandled error, or what the operation's document does not say. */
function faultOf ({ contract, route }: HostileRequest, { status, headers, body }: Answered): string | null {
  if (status >= 500 && status !== 503) return `${route}: ${status} ${body}`
  const type = headers['content-type']?.split(';')[0] ?? ''
  const response = responseOf(contract, route, status)
  if (response === undefined) return `${route}: ${status} is not in the document: ${body}`
  if (response.content === undefined) return null
  const media = response.content[type]
  if (media === undefined) return `${route}: ${status} of type ${type}`
  const problems = problemsOf(contract, media.schema, type === 'application/json' ? JSON.parse(body) : body)
  return problems === null ? null : `${route}: ${status} ${body.slice(0, 200)}: ${JSON.stringify(problems)}`
}

/** With one person's token so many requests are sent: some of them sign out. */
const requestsPerPerson = 100

/** Sends them, so many at once; returns what was wrong with the replies, and how many of each status there were. */
export async function sendAll (
  server: TestServer, all: readonly HostileRequest[], atOnce = 16
): Promise<{ faults: string[], statuses: Record<number, number> }> {
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce })
  const { authorization: client } = basic(await newPartner(server))
  const queue = all.entries()
  const faults: string[] = []
  const statuses: Record<number, number> = {}
  let token = ''
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (const [index, request] of queue) {
      if (index % requestsPerPerson === 0) token = (await signedUpToManage(server.api)).token
      const filled = Object.entries(request.headers).map(([name, value]) =>
        [name, value.replaceAll('{token}', token).replaceAll('{client}', String(client))])
      const url = new URL(request.target, baseOf(server, request.contract))
      const reply = await answered(url, agent, { ...request, headers: Object.fromEntries(filled) })
      statuses[reply.status] = (statuses[reply.status] ?? 0) + 1
      const fault = faultOf(request, reply)
      if (fault !== null) faults.push(fault)
    }
  }))
  agent.destroy()
  return { faults, statuses }
}
