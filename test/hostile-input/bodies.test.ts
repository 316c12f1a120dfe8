import t, { type Test } from 'tap'
import { bodyRoutes, isRefusal, type BodyRoute } from '../support/api-routes.js'
import { dump, sqlBeside } from '../support/beside.js'
import { build, databases } from '../support/build.js'
import { send } from '../support/http.js'
import { signedUp, type Tokens } from '../support/people.js'

/* Whatever is sent as a body gets the documented refusal, never a 500, and changes nothing. */

const bodyLimit = 16 * 1024

/** What is no JSON, or JSON that must not be read; `good` is a body that the route takes. */
const noJson: Array<[name: string, make: (good: object) => string | Buffer]> = [
  ['white space', () => ' \n'],
  ['a NUL', () => '\u0000'],
  ['half of it', good => JSON.stringify(good).slice(0, -1)],
  ['twice', good => JSON.stringify(good) + JSON.stringify(good)],
  ['something after it', good => `${JSON.stringify(good)} x`],
  ['a NUL after it', good => `${JSON.stringify(good)}\u0000`],
  ['a comma too many', good => JSON.stringify(good).replace(/}$/, ',}')],
  ['a comment', good => `/**/${JSON.stringify(good)}`],
  ['single quotes', good => JSON.stringify(good).replaceAll('"', "'")],
  ['no quotes', good => JSON.stringify(good).replaceAll('"', '')],
  ['a line end in a string', good => JSON.stringify(good).replace(/(?=")/g, '\n')],
  ['a form', good => new URLSearchParams({ ...good }).toString()],
  ['NaN', () => 'NaN'],
  ['undefined', () => 'undefined'],
  ['it as a prototype', good => `{"__proto__":${JSON.stringify(good)}}`],
  ['it as an escaped prototype', good => `{"\\u005f_proto__":${JSON.stringify(good)}}`],
  ['it and a prototype', good => JSON.stringify(good).replace(/}$/, ',"__proto__":{"admin":true}}')],
  ['it as a constructor', good => `{"constructor":{"prototype":${JSON.stringify(good)}}}`],
  ['thousands of arrays never closed', () => '['.repeat(16_000)],
  ['bytes that are no UTF-8', good => Buffer.from(JSON.stringify(good).replace(/.(?="})/, '\u00ff'), 'latin1')],
  ['UTF-16', good => Buffer.from(JSON.stringify(good), 'utf16le')],
  ['binary', () => Buffer.from([0x1f, 0x8b, 0x08, 0, 0xff, 0xfe, 0, 0])]
]

/** What is JSON, or nothing at all, but not a body that the route takes. */
const noGood: typeof noJson = [
  ['nothing', () => ''],
  ['null', () => 'null'],
  ['true', () => 'true'],
  ['a number', () => '7'],
  ['a number beyond all', () => '1e999'],
  ['a string', good => JSON.stringify(JSON.stringify(good))],
  ['an empty array', () => '[]'],
  ['an array of it', good => JSON.stringify([good])],
  ['an array of arrays', () => '[[],[[]]]'],
  ['an empty object', () => '{}'],
  ['it under another name', good => JSON.stringify({ body: good })],
  ['thousands of arrays', () => '['.repeat(8000) + ']'.repeat(8000)],
  ['thousands of objects', () => '{"a":'.repeat(2500) + '1' + '}'.repeat(2500)]
]

const wrongTypes = [undefined, null, 7, -0.5, true, [], ['x'], {}, { length: 7 }, { $ne: '' }]

/** Well-typed text that is neither email, password nor token; the words of every injection there is. */
const nonsense = [
  'x'.repeat(10_000), '\u0000', 'a\u0000b@example.com', '\ud800', '\udfff@example.com', '\u202egpj.exe', '\u2028',
  '\r\nx-injected: 1', "' OR 1=1 --", '"; DROP TABLE accounts; --', '$' + '{7*7}', '%00', '../../etc/passwd',
  '__proto__', 'constructor', 'null', '0', '[object Object]', '😀', '\u0001\u001b[31m', '/'.repeat(5000),
  'rt_', `rt_${'A'.repeat(114)}`, 'a.b.c', `${'a.'.repeat(3000)}`, 'e30.e30.e30', 'bnVsbA.bnVsbA.bnVsbA'
]

async function setUp (t: Test, database: typeof databases[number]) {
  const server = await build(t, { database })
  const sql = sqlBeside(t, server.config)
  const person = await signedUp(server.api)
  return {
    server,
    person,
    everything: () => dump(sql),
    tables: () => dump(sql, ['accounts', 'sessions', 'signing_keys']),
    say: ({ listener, path, needsToken }: BodyRoute, { token }: Tokens, body: string | Buffer) =>
      send(`${server[listener]}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(needsToken && { authorization: `Bearer ${token}` }) },
        body: new Uint8Array(Buffer.from(body))
      })
  }
}

for (const database of databases) {
  t.test(`bad bodies on ${database}`, async t => {
    const { server, person, say, tables, everything } = await setUp(t, database)

    for (const route of bodyRoutes) {
      const { contract, path: where, good, accepted, invalid } = route
      const path = `${contract} ${where}`

      /** Refuses the body with one of the statuses, in the contract's shape. */
      async function isRefused (t: Test, name: string, body: string | Buffer, statuses: number[]): Promise<void> {
        const reply = await say(route, person, body)
        t.ok(statuses.includes(reply.status), `${name}: ${reply.status}`, { found: reply.text.slice(0, 300), statuses })
        if (reply.status >= 400) {
          isRefusal(t, contract, { text: reply.text, contentType: reply.headers.get('content-type') })
        }
      }

      await t.test(`${path} takes an object and nothing else`, async t => {
        const before = await tables()
        for (const [name, make] of noJson) await isRefused(t, name, make(good(person)), [route.noJson])
        for (const [name, make] of noGood) await isRefused(t, name, make(good(person)), [invalid])
        t.equal(await tables(), before, 'nothing has changed')
      })

      await t.test(`${path} takes text and nothing else in its fields`, async t => {
        const before = await tables()
        for (const field of Object.keys(good(person))) {
          for (const wrong of wrongTypes) {
            const body = JSON.stringify({ ...good(person), [field]: wrong })
            await isRefused(t, `${field} ${JSON.stringify(wrong)}`, body, [invalid])
          }
        }
        t.equal(await tables(), before, 'nothing has changed')
      })

      await t.test(`${path} refuses text that is not what its name says`, async t => {
        const before = await tables()
        for (const [field, statuses] of Object.entries(route.nonsense)) {
          for (const [index, text] of nonsense.entries()) {
            const body = JSON.stringify({ ...(path.endsWith('revoke-token') ? {} : good(person)), [field]: text })
            await isRefused(t, `${field} is text ${index}`, body, statuses)
          }
        }
        t.equal(await tables(), before, 'nothing has changed')
      })

      await t.test(`${path} takes 16 KiB and not one byte more`, async t => {
        const before = await tables()
        const padded = (size: number, person: Awaited<ReturnType<typeof signedUp>>) => {
          const body = { ...good(person), padding: '' }
          return JSON.stringify({ ...body, padding: 'p'.repeat(size - JSON.stringify(body).length) })
        }
        for (const size of [bodyLimit + 1, 100_000]) {
          await isRefused(t, `${size} bytes`, padded(size, person), [413])
        }
        t.equal(await tables(), before, 'nothing has changed')
        const newcomer = await signedUp(server.api)
        t.equal((await say(route, newcomer, padded(bodyLimit, newcomer))).status, accepted)
      })

      await t.test(`${path} ignores members it does not know and stores none`, async t => {
        const mark = 'never-stored'
        const extra = {
          unknown: mark,
          id: mark,
          number: 81_347_110_077,
          name: mark,
          username: mark,
          plan: mark,
          role: mark,
          contract: mark,
          expiresIn: 1e9,
          subscription: { plan: mark, status: mark },
          subscription_plan: mark,
          subscription_status: mark,
          password_hash: mark,
          created_at: '1999-01-01T00:00:00Z',
          constructor: mark,
          toString: mark,
          hasOwnProperty: mark,
          nested: JSON.parse('['.repeat(1000) + ']'.repeat(1000)) as unknown
        }
        const newcomer = await signedUp(server.api)
        const reply = await say(route, newcomer, JSON.stringify({ ...extra, ...good(newcomer) }))
        t.equal(reply.status, accepted)
        t.notMatch(reply.text, mark)
        t.notMatch(await everything(), new RegExp(`${mark}|1999-01-01|81347110077`))
        t.notMatch(server.log.join(''), mark)
      })

      await t.test(`${path} judges the member that it uses when one is there twice`, async t => {
        const newcomer = await signedUp(server.api)
        const [[field, value] = ['', '']] = Object.entries(good(newcomer))
        const both = (first: unknown, second: unknown) => JSON.stringify({ ...good(newcomer), [field]: 0 })
          .replace(`"${field}":0`, `"${field}":${JSON.stringify(first)},"${field}":${JSON.stringify(second)}`)
        t.equal((await say(route, newcomer, both(value, 7))).status, invalid)
        t.equal((await say(route, newcomer, both(7, value))).status, accepted)
      })
    }

    t.notMatch(server.log.join(''), /"level":(50|60)/, 'nothing of it was unexpected')
  })
}

t.test('a password that is no UTF-8 is refused, else every letter outside ASCII would be the same', async t => {
  const { server, tables } = await setUp(t, 'postgres')
  const before = await tables()
  const bytes = Buffer.from('{"username":"jan","email":"jan@example.com","password":"p\u00e4ssw\u00f6rd"}', 'latin1')
  const headers = { 'content-type': 'application/json' }
  for (const body of [new Uint8Array(bytes), inChunks(bytes)]) {
    const reply = await send(`${server.api}/api/auth/register`, { method: 'POST', headers, body, duplex: 'half' })
    t.equal(reply.status, 422)
  }
  t.equal(await tables(), before)
})

t.test('a body without a length is no larger than another', async t => {
  const { server, person, tables } = await setUp(t, 'postgres')
  const before = await tables()
  for (const { contract, listener, path } of bodyRoutes) {
    const reply = await send(`${server[listener]}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${person.token}` },
      body: inChunks(Buffer.from(`{"padding":"${'p'.repeat(bodyLimit)}"}`)),
      duplex: 'half'
    })
    t.equal(reply.status, 413)
    isRefusal(t, contract, { text: reply.text, contentType: reply.headers.get('content-type') })
  }
  t.equal(await tables(), before)
})

/** A stream is sent without a length, in chunks. */
function inChunks (bytes: Buffer) {
  return new Blob([new Uint8Array(bytes)]).stream()
}
