import t, { type Test } from 'tap'
import { bodyRoutes, faultOfRefusal, type BodyRoute } from '../support/api-routes.js'
import { allAnswered, type Attempt } from '../support/attempts.js'
import { dump, openSql } from '../support/open-sql.js'
import { build, databases, type DatabaseKind } from '../support/build.js'
import { send } from '../support/http.js'
import { signedUpToManage, type Person, type Tokens } from '../support/people.js'
import { sendRaw, type RawReply } from '../support/raw-http.js'

/*
 * Whatever is sent as a body gets the documented refusal, never a 500, and changes nothing. Only what reaches SQL is
 * sent on both kinds of database.
 */

type SignedUp = Person & Tokens

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

const mark = 'never-stored'

async function setUp (database: DatabaseKind) {
  const server = await build(t, { database })
  const sql = openSql(t, server.settings)
  const person = await signedUpToManage(server.api)

  function say (route: BodyRoute, { token }: Tokens, body: string | Buffer): Promise<RawReply> {
    const headers = ['Content-Type: application/json', ...route.needsToken ? [`Authorization: Bearer ${token}`] : []]
    return sendRaw(server[route.listener], { target: route.path, headers, body })
  }

  /** Sends a body that must be answered with one of the statuses, in the contract's shape. */
  function attempt (route: BodyRoute, what: string, body: string | Buffer, statuses: number[]): Attempt {
    return {
      name: `${route.contract} ${route.path} ${what}`,
      fault: async () => {
        const { status, text, headers } = await say(route, person, body)
        if (!statuses.includes(status)) return `${status} instead of ${statuses.join(', ')}: ${text.slice(0, 300)}`
        return status < 400 ? null : faultOfRefusal(route.contract, { text, contentType: headers.get('content-type') })
      }
    }
  }

  return {
    server,
    person,
    say,
    attempt,
    everything: () => dump(sql),

    /** Makes the attempts of a class, which must change nothing. */
    refuses: async (t: Test, what: string, attempts: Attempt[]) => {
      const tables = ['accounts', 'sessions', 'signing_keys']
      const before = await dump(sql, tables)
      await allAnswered(t, what, attempts)
      t.equal(await dump(sql, tables), before, 'nothing has changed')
    },

    /** What a good body may look like besides: sent for a new person each, since it takes effect. */
    takes: (t: Test, what: string, bodyOf: (route: BodyRoute, person: SignedUp) => string) =>
      allAnswered(t, what, bodyRoutes.map(route => ({
        name: `${route.contract} ${route.path}`,
        fault: async () => {
          const newcomer = await signedUpToManage(server.api)
          const { status, text } = await say(route, newcomer, bodyOf(route, newcomer))
          if (text.includes(mark)) return `what it does not know comes back: ${text.slice(0, 300)}`
          return status === route.accepted ? null : `${status} instead of ${route.accepted}: ${text.slice(0, 300)}`
        }
      })))
  }
}

/** Members that no route knows, some by the names of columns or of what every object has. */
const unknownMembers = {
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

/** A body of so many bytes. */
function padded (good: object, size: number): string {
  const body = { ...good, padding: '' }
  return JSON.stringify({ ...body, padding: 'p'.repeat(size - JSON.stringify(body).length) })
}

/** A body with its first member twice. */
function twice (good: object, first: unknown, second: unknown): string {
  const [field = ''] = Object.keys(good)
  return JSON.stringify({ ...good, [field]: 0 })
    .replace(`"${field}":0`, `"${field}":${JSON.stringify(first)},"${field}":${JSON.stringify(second)}`)
}

const setUps = { postgres: await setUp('postgres'), embedded: await setUp('embedded') }

t.test('bodies that are refused before any SQL', async t => {
  const { server, person, attempt, refuses, takes } = setUps.postgres

  await refuses(t, 'an object and nothing else', bodyRoutes.flatMap(route => [
    ...noJson.map(([name, make]) => attempt(route, name, make(route.good(person)), [route.noJson])),
    ...noGood.map(([name, make]) => attempt(route, name, make(route.good(person)), [route.invalid]))
  ]))

  await refuses(t, 'text and nothing else in the fields', bodyRoutes.flatMap(route =>
    Object.keys(route.good(person)).flatMap(field => wrongTypes.map(wrong => attempt(
      route, `${field} ${JSON.stringify(wrong)}`, JSON.stringify({ ...route.good(person), [field]: wrong }),
      [route.invalid]
    )))))

  await refuses(t, 'no more than 16 KiB', bodyRoutes.flatMap(route => [bodyLimit + 1, 100_000].map(size =>
    attempt(route, `${size} bytes`, padded(route.good(person), size), [413]))))
  await takes(t, '16 KiB', (route, newcomer) => padded(route.good(newcomer), bodyLimit))

  await refuses(t, 'a member twice, the one that counts wrong', bodyRoutes.map(route => {
    const good = route.good(person)
    return attempt(route, 'text, then 7', twice(good, Object.values(good)[0], 7), [route.invalid])
  }))
  await takes(t, 'a member twice, the one that counts right', (route, newcomer) => {
    const good = route.good(newcomer)
    return twice(good, 7, Object.values(good)[0])
  })

  t.notMatch(server.log.join(''), /"level":(50|60)/, 'nothing of it was unexpected')
})

for (const database of databases) {
  t.test(`bodies that reach SQL, on ${database}`, async t => {
    const { server, person, attempt, refuses, takes, everything } = setUps[database]

    await refuses(t, 'text that is not what its name says', bodyRoutes.flatMap(route =>
      Object.entries(route.nonsense).flatMap(([field, statuses]) => nonsense.map((text, index) => {
        const others = route.path.endsWith('revoke-token') ? {} : route.good(person)
        return attempt(route, `${field} is text ${index}`, JSON.stringify({ ...others, [field]: text }), statuses)
      }))))

    await takes(t, 'unknown members beside the known', (route, newcomer) =>
      JSON.stringify({ ...unknownMembers, ...route.optional?.(), ...route.good(newcomer) }))
    t.notMatch(await everything(), new RegExp(`${mark}|1999-01-01|81347110077`), 'none is stored')
    t.notMatch(server.log.join(''), mark)
    t.notMatch(server.log.join(''), /"level":(50|60)/, 'nothing of it was unexpected')
  })
}

/* Else every letter outside ASCII would be the same. */
t.test('a password that is no UTF-8 is refused', async t => {
  const { server, refuses } = setUps.postgres
  const bytes = Buffer.from('{"username":"jan","email":"jan@example.com","password":"p\u00e4ssw\u00f6rd"}', 'latin1')
  const headers = { 'content-type': 'application/json' }
  const bodies = { 'with a length': new Uint8Array(bytes), 'in chunks': inChunks(bytes) }
  await refuses(t, 'bytes in Latin-1', Object.entries(bodies).map(([name, body]) => ({
    name,
    fault: async () => {
      const init = { method: 'POST', headers, body, duplex: 'half' } as const
      const { status } = await send(`${server.api}/api/auth/register`, init)
      return status === 422 ? null : `${status} instead of 422`
    }
  })))
})

t.test('a body without a length is no larger than another', async t => {
  const { server, person, refuses } = setUps.postgres
  await refuses(t, 'more than 16 KiB in chunks', bodyRoutes.map(({ contract, listener, path }) => ({
    name: `${contract} ${path}`,
    fault: async () => {
      const { status, text, headers } = await send(`${server[listener]}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${person.token}` },
        body: inChunks(Buffer.from(`{"padding":"${'p'.repeat(bodyLimit)}"}`)),
        duplex: 'half'
      })
      if (status !== 413) return `${status} instead of 413`
      return faultOfRefusal(contract, { text, contentType: headers.get('content-type') })
    }
  })))
})

/** A stream is sent without a length, in chunks. */
function inChunks (bytes: Buffer) {
  return new Blob([new Uint8Array(bytes)]).stream()
}
