import type { Test } from 'tap'
import type { ContractName } from '../../src/contracts/index.js'
import { send, type Reply } from './http.js'
import { matchesOpenapi, readDocument } from './matches-openapi.js'

/** The parts of a request besides its route. */
export interface RequestOptions {
  /** Sent as JSON. */
  json?: unknown
  /** Sent as it is, as JSON unless the headers say otherwise. */
  body?: string
  bearer?: string
  /** A whole `Cookie` header: `name=value`. */
  cookie?: string
  /** For the `{…}` of the route. */
  path?: Record<string, string>
  /** With its question mark. */
  query?: string
  headers?: Record<string, string>
}

/**
 * Sends a request for a route such as `PUT /tasks/{task_id}` and checks the reply against the committed document: the
 * first of each status of a route only, since compiling a schema takes longer than the request.
 */
export type Requester = (t: Test, route: string, options?: RequestOptions) => Promise<Reply>

/** A client of one contract of the listener at `base`. */
export function createRequester (base: string, contract: ContractName): Requester {
  const seen = new Set<string>()
  return async (t, route, options = {}) => {
    const reply = await sendRequest(base, route, options)
    const kind = `${route} ${reply.status}`
    if (seen.has(kind)) return reply
    seen.add(kind)
    if (reply.status === 204) hasNoBody(t, contract, route, reply)
    else matchesOpenapi(t, contract, route, reply)
    return reply
  }
}

/** Sends a request without that check: for many requests at once, and for routes that no document has. */
export function sendRequest (base: string, route: string, options: RequestOptions = {}): Promise<Reply> {
  const [method = '', template = ''] = route.split(' ')
  const { json, body = json === undefined ? null : JSON.stringify(json), path = {}, query = '' } = options
  const target = template.replace(/{(\w+)}/g, (_, name: string) => path[name] ?? '')
  return send(`${base}${target}${query}`, {
    method,
    body,
    headers: {
      ...(body !== null && { 'content-type': 'application/json' }),
      ...(options.bearer !== undefined && { authorization: `Bearer ${options.bearer}` }),
      ...(options.cookie !== undefined && { cookie: options.cookie }),
      ...options.headers
    }
  })
}

function hasNoBody (t: Test, contract: ContractName, route: string, { text, headers }: Reply): void {
  const [method = '', path = ''] = route.split(' ')
  t.equal(text, '', `${route} 204: no body`)
  t.equal(headers.get('content-type'), null)
  t.ok(readDocument(contract).paths[path]?.[method.toLowerCase()]?.responses[204], `openapi/${contract}.json has a 204`)
}

/** Checks status and body to the byte, and that no cache may store the reply. */
export function expectReply (t: Test, reply: Reply, status: number, body: object | null): void {
  t.equal(reply.status, status)
  t.equal(reply.text, JSON.stringify(body))
  t.equal(reply.headers.get('content-type'), 'application/json; charset=utf-8')
  t.equal(reply.headers.get('cache-control'), 'no-store')
}
