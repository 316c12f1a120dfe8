import t, { type Test } from 'tap'
import { bodyRoutes, faultOfRefusal, type BodyRoute } from '../support/api-routes.js'
import { allAnswered, type Attempt } from '../support/attempts.js'
import { dump, openSql } from '../support/open-sql.js'
import { build } from '../support/build.js'
import { signedUpToManage, type Tokens } from '../support/people.js'
import { sendRaw } from '../support/raw-http.js'

/*
 * A content type is either JSON, and the body is checked like any other, or it is refused with 415. No spelling of it
 * leads past the checks (fastify CVE-2025-32442, CVE-2026-25223, CVE-2026-33806).
 */

/** Header lines. These a lenient reader may take for JSON, or not. */
const spellings = [
  'Content-Type: application/json;charset=utf-8',
  'Content-Type: application/json; charset=utf-8',
  'Content-Type: application/json; charset="utf-8"',
  'Content-Type: application/json ;charset=utf-8',
  'Content-Type: application/json;',
  'Content-Type: application/json; a=b; c="d;e"',
  'Content-Type: application/json; charset=utf-16',
  'Content-Type: application/json; charset=iso-8859-1',
  'Content-Type: APPLICATION/JSON',
  'Content-Type: Application/Json',
  'Content-Type:application/json',
  'Content-Type:    application/json',
  'Content-Type: application/json   ',
  'Content-Type:\tapplication/json',
  'Content-Type: application/json\t',
  'Content-Type: application/json\t; charset=utf-8',
  'Content-Type: application/json;\tcharset=utf-8',
  'content-type: application/json\r\ncontent-type: text/plain',
  'content-type: application/json\r\ncontent-type: application/json'
]

/** These are not JSON. */
const others = [
  'Content-Type: text/plain',
  'Content-Type: text/plain; charset=utf-8',
  'Content-Type: text/plain; application/json',
  'Content-Type: text/json',
  'Content-Type: text/html',
  'Content-Type: application/x-www-form-urlencoded',
  'Content-Type: multipart/form-data; boundary=x',
  'Content-Type: application/octet-stream',
  'Content-Type: application/xml',
  'Content-Type: application/jsonx',
  'Content-Type: application/json5',
  'Content-Type: xapplication/json',
  'Content-Type: application/json/x',
  'Content-Type: application/json-patch+json',
  'Content-Type: application/vnd.api+json',
  'Content-Type: application/json, text/plain',
  'Content-Type: application/json,application/json',
  'Content-Type: application json',
  'Content-Type: application\t/json',
  'Content-Type: application/ json',
  'Content-Type: "application/json"',
  'Content-Type: application',
  'Content-Type: application/',
  'Content-Type: /json',
  'Content-Type: json',
  'Content-Type: */*',
  'Content-Type: application/*',
  'Content-Type: ;',
  'Content-Type: ; charset=utf-8',
  'Content-Type: __proto__',
  'Content-Type: application/j\u00e4son',
  'Content-Type: ',
  'X-Content-Type: application/json'
]

const server = await build(t)
const sql = openSql(t, server.settings)
const person = await signedUpToManage(server.api)

/** What is wrong with the reply to a body under these header lines; a refusal must have the contract's shape. */
async function faultOf (
  { contract, listener, path, needsToken }: BodyRoute, { token }: Tokens, headers: string[], body: object | string,
  statuses: number[]
): Promise<string | null> {
  const reply = await sendRaw(server[listener], {
    target: path,
    headers: needsToken ? [...headers, `Authorization: Bearer ${token}`] : headers,
    body: typeof body === 'string' ? body : JSON.stringify(body)
  })
  if (!statuses.includes(reply.status)) return `${reply.status} instead of ${statuses.join(', ')}`
  return reply.status < 400
    ? null
    : faultOfRefusal(contract, { text: reply.text, contentType: reply.headers.get('content-type') })
}

/** Makes the attempts of a class on every route, none of which may change anything. */
async function refuses (t: Test, what: string, attempts: (route: BodyRoute) => Attempt[]): Promise<void> {
  const tables = ['accounts', 'sessions', 'signing_keys']
  const before = await dump(sql, tables)
  await allAnswered(t, what, bodyRoutes.flatMap(attempts))
  t.equal(await dump(sql, tables), before, 'nothing has changed')
}

const nameOf = ({ contract, path }: BodyRoute, headers: string[]) => `${contract} ${path} ${JSON.stringify(headers)}`

t.test('a body is checked alike however its type is spelled', async t => {
  await refuses(t, 'a bad body', route => spellings.map(header => ({
    name: nameOf(route, [header]),
    fault: () => faultOf(route, person, [header], { unexpected: 'body' }, [route.invalid, 415])
  })))
  await allAnswered(t, 'a good body alike', bodyRoutes.flatMap(route => spellings.map(header => ({
    name: nameOf(route, [header]),
    fault: async () => {
      const isJson = await faultOf(route, person, [header], { unexpected: 'body' }, [route.invalid]) === null
      const newcomer = await signedUpToManage(server.api)
      return await faultOf(route, newcomer, [header], route.good(newcomer), [isJson ? route.accepted : 415])
    }
  }))))
})

t.test('what is not JSON is refused with 415', async t => {
  await refuses(t, 'other types', route => others.flatMap(header => [
    route.good(person), new URLSearchParams(route.good(person)).toString(), { unexpected: 'body' }
  ].map(body => ({ name: nameOf(route, [header]), fault: () => faultOf(route, person, [header], body, [415]) }))))
})

t.test('an empty body is refused, whatever its type', async t => {
  await refuses(t, 'empty bodies', route => [...spellings, ...others].map(header => ({
    name: nameOf(route, [header]),
    fault: () => faultOf(route, person, [header], '', [route.invalid, 415])
  })))
})

t.test('what is compressed is not unpacked', async t => {
  await refuses(t, 'codings', route => ['gzip', 'br', 'identity, gzip'].map(coding => {
    const headers = ['Content-Type: application/json', `Content-Encoding: ${coding}`]
    return {
      name: nameOf(route, headers),
      fault: () => faultOf(route, person, headers, '\u001f\u008b', [route.noJson, 415])
    }
  }))
})

t.test('nothing of it was unexpected', async t => {
  t.notMatch(server.log.join(''), /"level":(50|60)/)
})
