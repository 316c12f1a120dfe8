import { adminToken, type TestServer } from './build.js'
import { send, type Reply } from './http.js'

/** Sends requests as the operator of a server. */
export const operatorOf = ({ ops }: Pick<TestServer, 'ops'>) => (
  method: string, path: string, body?: unknown, headers: Record<string, string> = {}
): Promise<Reply> => send(`${ops}/admin${path}`, {
  method,
  headers: {
    authorization: `Bearer ${adminToken}`, ...body !== undefined && { 'content-type': 'application/json' }, ...headers
  },
  ...body !== undefined && { body: JSON.stringify(body) }
})

/** The items of a page. */
export const itemsOf = ({ body }: Reply): Array<Record<string, unknown>> =>
  body.data.items as Array<Record<string, unknown>>
