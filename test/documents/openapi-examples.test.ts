import t, { type Test } from 'tap'
import { contractNames, type ContractName } from '../../src/contracts/index.js'
import { example } from '../../src/http/schemas.js'
import { clientInfo } from '../support/accounts.js'
import { build, type TestServer } from '../support/build.js'
import { send } from '../support/http.js'
import { matchesOpenapi, readDocument, type Operation } from '../support/matches-openapi.js'
import { basic, newPartner } from '../support/partner.js'

/* Every request that a document shows is sent to a server, and answered as the document shows. */

interface Example {
  name: string
  method: string
  path: string
  operation: Operation
  mediaType?: string
  body?: unknown
}

/** The requests of a contract's document: one for each example of a body, one for an operation without a body. */
function requestsOf (contract: ContractName): Example[] {
  return Object.entries(readDocument(contract).paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, operation]) => {
      const name = `${method.toUpperCase()} ${path}`
      const request = { name, method: method.toUpperCase(), path, operation }
      const [mediaType, media] = Object.entries(operation.requestBody?.content ?? {})[0] ?? []
      if (mediaType === undefined || media === undefined) return [request]
      const examples = media.examples ?? { body: { value: media.example } }
      return Object.entries(examples).map(([key, { value }]) =>
        ({ ...request, name: `${name}: ${key}`, mediaType, body: value }))
    }))
}

/** What stands in a document for what only a running server can give: tokens and ids. */
type Live = Record<string, string>

const credentials = { email: example.email, password: example.password }

/** A new session of the examples' account, made beside the contract. */
async function liveValues ({ core }: TestServer, contract: ContractName): Promise<Live> {
  const known = await core.accounts.findByEmail(example.email)
  if (known === null) return {}
  const refreshable = await core.signIn.withPassword(
    credentials, contract === 'account' ? 'account' : 'partner', clientInfo)
  const { accessToken, account } = contract === 'session'
    ? await core.signIn.withPassword(credentials, 'session', clientInfo)
    : refreshable
  const [session] = await core.sessions.list(account.id)
  const task = await core.tasks.create(account.id, 'Buy groceries')
  const taskExample = readDocument('tasks').paths['/tasks/{task_id}']?.put?.parameters?.[0]?.example
  return {
    [example.accessToken]: accessToken,
    [example.refreshToken]: refreshable.refreshToken,
    [example.sessionId]: session?.id ?? '',
    [String(taskExample)]: task.id
  }
}

const withLive = <T>(value: T, live: Live): T => Object.entries(live).reduce(
  (value, [shown, real]) => JSON.parse(JSON.stringify(value).replaceAll(shown, real)) as T, value)

function sendExample (
  base: string, { method, path, operation, mediaType, body }: Example, live: Live, headers: Record<string, string>
) {
  const query = new URLSearchParams()
  let target = path
  for (const { name, in: place, example } of operation.parameters ?? []) {
    if (place === 'query') query.set(name, String(example))
    else target = target.replace(`{${name}}`, String(withLive(example, live)))
  }
  const sent = body === undefined ? undefined : withLive(body, live) as Record<string, string>
  const isForm = mediaType === 'application/x-www-form-urlencoded'
  return send(`${base}${target}${query.size > 0 ? `?${query}` : ''}`, {
    method,
    ...(sent !== undefined && { body: isForm ? new URLSearchParams(sent) : JSON.stringify(sent) }),
    headers: { ...(mediaType !== undefined && { 'content-type': mediaType }), ...headers }
  })
}

/** The credentials that the operation asks for. */
function credentialsFor ({ security = [] }: Operation, live: Live, client: Record<string, string>) {
  const schemes = security.flatMap(scheme => Object.keys(scheme))
  if (schemes.includes('client_secret_basic')) return client
  return schemes.includes('bearer') ? { authorization: `Bearer ${live[example.accessToken]}` } : {}
}

async function runExamples (t: Test, contract: ContractName): Promise<void> {
  // The examples of every contract have the same email.
  const server = await build(t, { ownDatabase: true })
  const base = { tasks: server.tasks, web: server.web, ops: server.ops }[contract as string] ?? server.api
  // These two have no sign-up.
  if (contract === 'partner' || contract === 'oauth') {
    await server.core.accounts.register({ ...credentials, name: example.name, minPasswordLength: 8 }, clientInfo)
  }
  const client = basic(await newPartner(server))
  for (const request of requestsOf(contract)) {
    const { name, method, path, operation } = request
    const live = await liveValues(server, contract)
    const reply = await sendExample(base, request, live, credentialsFor(operation, live, client))
    const success = Object.keys(operation.responses).map(Number).find(status => status < 300)
    t.equal(reply.status, success, `${name}: ${reply.text.slice(0, 200)}`)
    if (reply.status !== 204) matchesOpenapi(t, contract, `${method} ${path}`, reply)
  }
}

for (const contract of contractNames) {
  t.test(`the examples of ${contract} run`, async t => runExamples(t, contract))
}
