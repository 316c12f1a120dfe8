import t, { type Test } from 'tap'
import { bodyRoutes, isRefusal } from '../support/api-routes.js'
import { dump, sqlBeside } from '../support/beside.js'
import { build } from '../support/build.js'
import { signedUp, type Tokens } from '../support/people.js'
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

t.test('content types', async t => {
  const server = await build(t)
  const sql = sqlBeside(t, server.config)
  const person = await signedUp(server.api)

  for (const { contract, listener, path: target, needsToken, good, accepted, invalid, noJson } of bodyRoutes) {
    const path = `${contract} ${target}`
    const say = async (t: Test, { token }: Tokens, headers: string[], body: object | string) => {
      const reply = await sendRaw(server[listener], {
        target,
        headers: needsToken ? [...headers, `Authorization: Bearer ${token}`] : headers,
        body: typeof body === 'string' ? body : JSON.stringify(body)
      })
      if (reply.status >= 400) {
        isRefusal(t, contract, { text: reply.text, contentType: reply.headers.get('content-type') ?? null })
      }
      return reply.status
    }
    const accounts = () => dump(sql, ['accounts', 'sessions', 'signing_keys'])

    await t.test(`${path} checks a body alike however its type is spelled`, async t => {
      for (const header of spellings) {
        const before = await accounts()
        const status = await say(t, person, [header], { unexpected: 'body' })
        t.ok([invalid, 415].includes(status), `${JSON.stringify(header)} and a bad body: ${status}`)
        t.equal(await accounts(), before, 'nothing has changed')
        const expected = status === 415 ? 415 : accepted
        const newcomer = await signedUp(server.api)
        t.equal(await say(t, newcomer, [header], good(newcomer)), expected, 'and a good body alike')
      }
    })

    await t.test(`${path} refuses what is not JSON with 415`, async t => {
      const before = await accounts()
      for (const header of others) {
        for (const body of [good(person), new URLSearchParams(good(person)).toString(), { unexpected: 'body' }]) {
          t.equal(await say(t, person, [header], body), 415, JSON.stringify(header))
        }
      }
      t.equal(await accounts(), before, 'nothing has changed')
    })

    await t.test(`${path} refuses an empty body, whatever its type`, async t => {
      for (const header of [...spellings, ...others]) {
        const status = await say(t, person, [header], '')
        t.ok([invalid, 415].includes(status), `${JSON.stringify(header)}: ${status}`)
      }
    })

    await t.test(`${path} does not unpack what is compressed`, async t => {
      const before = await accounts()
      for (const coding of ['gzip', 'br', 'identity, gzip']) {
        const headers = ['Content-Type: application/json', `Content-Encoding: ${coding}`]
        const status = await say(t, person, headers, '\u001f\u008b')
        t.ok([noJson, 415].includes(status), `${coding}: ${status}`)
      }
      t.equal(await accounts(), before, 'nothing has changed')
    })
  }

  t.notMatch(server.log.join(''), /"level":(50|60)/, 'nothing of it was unexpected')
})
