import { createHash, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto'
import t, { type Test } from 'tap'
import { readSigned, signJws } from '../../../src/core/keys/jws.js'
import { createKeyStore, sealContext } from '../../../src/core/keys/key-store.js'
import { createKeyring, type Keyring } from '../../../src/core/keys/keyring.js'
import { seal } from '../../../src/core/keys/sealing.js'
import { createSigningKeys, type SigningKeys, type SigningKeysNeeds } from '../../../src/core/keys/signing-keys.js'
import { openEngine } from '../../../src/token-engine.js'
import { connect } from '../../../src/db/client.js'
import { clientInfo } from '../../support/accounts.js'
import { openTestDatabase } from '../../support/database.js'
import { signedClaims } from '../../support/forging.js'
import { postgresDatabase } from '../../support/test-database.js'
import { outcomeOf } from '../../support/refusal.js'
import { earlier } from '../../support/earlier.js'

const newSecret = () => randomBytes(48).toString('base64url')

/** Instances of one installation over one database, with a clock that is set by hand. */
async function setUp (t: Test) {
  const url = await postgresDatabase(t)
  const db = openTestDatabase(t, url)
  const sql = connect({ url }, { max: 1 })
  t.teardown(() => sql.end())
  const secret = newSecret()
  let milliseconds = 0
  return {
    sql,
    secret,
    reads: () => db.statements.filter(text => text.includes('signs_in_ms')).length,
    pass: (ms: number) => { milliseconds += ms },
    instance: ({ keyring = createKeyring(secret), ...needs }: Partial<SigningKeysNeeds> & { keyring?: Keyring } = {}) =>
      createSigningKeys({
        store: createKeyStore({ db, keyring }),
        openEngine,
        algorithm: 'ES256',
        jwtSecret: undefined,
        rotation: 0,
        maxTokenLifetime: 3_600,
        now: () => milliseconds,
        ...needs
      }),
    /** As if so much time had passed in the database too. */
    age: (seconds: number) => sql`
      UPDATE signing_keys SET signs_from = ${earlier(sql, 'signs_from', seconds)}`,
    rows: () => sql<{ algorithm: string, number: number, kid: string, sealed_private_key: Buffer }[]>`
      SELECT * FROM signing_keys ORDER BY algorithm, number`
  }
}

async function loaded (keys: SigningKeys): Promise<SigningKeys> {
  await keys.load()
  return keys
}

const claims = { sub: 'somebody', iat: 1_000_000_000 }

async function accepts (keys: SigningKeys, token: string): Promise<boolean> {
  return await outcomeOf(readSigned(token, keys)) === 'granted'
}

t.test('any number of instances that start at once make one key and sign with it', async t => {
  const { instance, rows } = await setUp(t)
  const instances = await Promise.all(Array.from({ length: 30 }, () => loaded(instance())))
  t.equal((await rows()).length, 1)
  t.equal(new Set(instances.map(keys => keys.current().kid)).size, 1)
  const tokens = instances.map(keys => signJws(keys.current(), claims))
  const [first] = instances
  for (const token of tokens) t.ok(first !== undefined && await accepts(first, token))
})

const kinds = {
  ES256: { asymmetricKeyType: 'ec', asymmetricKeyDetails: { namedCurve: 'prime256v1' } },
  EdDSA: { asymmetricKeyType: 'ed25519' },
  RS256: { asymmetricKeyType: 'rsa', asymmetricKeyDetails: { modulusLength: 3072, publicExponent: 65_537n } }
} as const

/** The name of a key after RFC 7638. */
function thumbprint (key: KeyObject): string {
  const { kty, crv, x, y, n, e } = key.export({ format: 'jwk' })
  const members = Object.entries({ crv, e, kty, n, x, y }).filter(([, value]) => value !== undefined)
  return createHash('sha256').update(JSON.stringify(Object.fromEntries(members))).digest('base64url')
}

for (const algorithm of ['ES256', 'EdDSA', 'RS256'] as const) {
  t.test(`${algorithm}: a key of at least 128 bits' strength, named by its thumbprint`, async t => {
    const { instance } = await setUp(t)
    const key = (await loaded(instance({ algorithm }))).current()
    t.equal(key.algorithm, algorithm)
    t.match(key.signingKey, { type: 'private', ...kinds[algorithm] })
    t.match(key.verifyingKey, { type: 'public', ...kinds[algorithm] })
    t.equal(key.kid, thumbprint(key.verifyingKey))
  })

  t.test(`${algorithm}: at rest the private half is sealed`, async t => {
    const { instance, rows } = await setUp(t)
    const { signingKey } = (await loaded(instance({ algorithm }))).current()
    const stored = await rows()
    const dump = JSON.stringify(stored) + stored.map(row => row.sealed_private_key.toString('latin1')).join()
    const { d = '' } = signingKey.export({ format: 'jwk' })
    const secrets = [Buffer.from(d, 'base64url'), signingKey.export({ format: 'der', type: 'pkcs8' })]
    for (const secret of secrets) {
      for (const encoding of ['hex', 'base64', 'base64url', 'latin1'] as const) {
        t.notOk(dump.includes(secret.subarray(0, 16).toString(encoding).replace(/=+$/, '')))
      }
    }
  })
}

t.test('another secret is a clear error that names what to do, and nothing is made or signed', async t => {
  const { instance, rows } = await setUp(t)
  const { kid } = (await loaded(instance())).current()
  const stranger = instance({ keyring: createKeyring(newSecret()) })
  await t.rejects(stranger.load(), { message: new RegExp(`${kid}.*KEYTURN_SECRET_PREVIOUS`) })
  t.equal(stranger.ready, false)
  t.throws(() => stranger.current(), { code: 'unavailable' })
  t.equal(await outcomeOf(stranger.find(kid)), 'unavailable')
  t.equal((await rows()).length, 1)
})

t.test('with the previous secret given, the keys sealed under it go on', async t => {
  const { instance, secret, rows } = await setUp(t)
  const { kid } = (await loaded(instance())).current()
  const changed = await loaded(instance({ keyring: createKeyring(newSecret(), secret) }))
  t.equal(changed.current().kid, kid)
  t.equal((await rows()).length, 1)
})

t.test('a key that another instance has made since is found', async t => {
  const { instance, pass } = await setUp(t)
  const first = await loaded(instance())
  const second = await loaded(instance({ algorithm: 'EdDSA' }))
  const token = signJws(second.current(), claims)
  t.notOk(await accepts(first, token), 'not within the second after the last reading')
  pass(1_000)
  t.ok(await accepts(first, token))
})

t.test('unknown names make the keys be read once a second, whatever their number', async t => {
  const { instance, reads, pass } = await setUp(t)
  const keys = await loaded(instance())
  const after = reads()
  const flood = (size: number) => Promise.all(Array.from({ length: size }, (_, n) => keys.find(`unknown ${n}`)))
  t.same(new Set(await flood(1_000)), new Set([null]))
  t.equal(reads(), after, 'just read')
  for (let second = 1; second <= 3; second += 1) {
    pass(1_000)
    await flood(1_000)
    await flood(1_000)
    t.equal(reads(), after + second)
  }
  await keys.find(keys.current().kid)
  t.equal(reads(), after + 3, 'a known name reads nothing')
})

t.test('unknown names make the keys be read once a second also while reading them fails', async t => {
  const { instance, reads, pass, sql } = await setUp(t)
  const keys = await loaded(instance())
  await sql`ALTER TABLE signing_keys RENAME TO hidden`
  pass(1_000)
  const after = reads()
  for (let n = 0; n < 20; n += 1) await outcomeOf(keys.find(`unknown ${n}`))
  t.equal(reads(), after + 1)
})

t.test('unknown names are looked up again after the clock was set back', async t => {
  const { instance, pass } = await setUp(t)
  const first = await loaded(instance())
  const token = signJws((await loaded(instance({ algorithm: 'EdDSA' }))).current(), claims)
  pass(-3_600_000)
  await accepts(first, token)
  pass(1_000)
  t.ok(await accepts(first, token), 'a second later, not an hour later')
})

t.test('with another JWT_ALG a second key signs, and the tokens of the first are still good', async t => {
  const { instance, rows } = await setUp(t)
  const before = await loaded(instance())
  const token = signJws(before.current(), claims)
  for (const algorithm of ['EdDSA', 'RS256'] as const) {
    const after = await loaded(instance({ algorithm }))
    t.equal(after.current().algorithm, algorithm)
    t.ok(await accepts(after, token))
  }
  t.same((await rows()).map(row => `${row.algorithm} ${row.number}`), ['ES256 1', 'EdDSA 1', 'RS256 1'])
  t.equal((await loaded(instance())).current().kid, before.current().kid, 'and back again the first')
})

t.test('with JWT_SECRET tokens are signed HS256 with its UTF-8 bytes, and stored keys still check theirs', async t => {
  const { instance } = await setUp(t)
  const stored = signJws((await loaded(instance())).current(), claims)
  const jwtSecret = 'a secret of more than 32 bytes, with an ü'
  const keys = await loaded(instance({ jwtSecret }))
  t.match(keys.current(), { kid: 'hs256', algorithm: 'HS256' })
  t.ok(keys.current().signingKey.export().equals(Buffer.from(jwtSecret, 'utf8')))
  t.ok(await accepts(keys, signJws(keys.current(), claims)))
  t.ok(await accepts(keys, stored))
  const without = await loaded(instance())
  t.notOk(await accepts(without, signJws(keys.current(), claims)), 'without JWT_SECRET its tokens are worth nothing')
  const other = await loaded(instance({ jwtSecret: `${jwtSecret}!` }))
  t.notOk(await accepts(other, signJws(keys.current(), claims)))
})

t.test('who can write to the table but does not know the secret cannot add a key', async t => {
  const { instance, sql, pass } = await setUp(t)
  const running = await loaded(instance())
  const good = signJws(running.current(), claims)
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const der = privateKey.export({ format: 'der', type: 'pkcs8' })
  const kid = thumbprint(publicKey)
  const forged = signedClaims({ kid, algorithm: 'ES256', signingKey: privateKey, verifyingKey: publicKey }, claims)
  const sealedElsewhere = seal(createKeyring(newSecret()), der, sealContext('ES256', kid))
  for (const sealed of [der, sealedElsewhere, Buffer.alloc(0), randomBytes(200)]) {
    await sql`
      INSERT INTO signing_keys (algorithm, number, kid, sealed_private_key) VALUES ('ES256', 2, ${kid}, ${sealed})`
    pass(1_000)
    t.notOk(await accepts(running, forged).catch(() => false))
    t.ok(await accepts(running, good), 'what runs goes on')
    await t.rejects(loaded(instance()), { message: /KEYTURN_SECRET/ }, 'what starts says what is wrong')
    await sql`DELETE FROM signing_keys WHERE number = 2`
  }
})

t.test('who can write to the table cannot use a key under another name or for another algorithm', async t => {
  const { instance, sql } = await setUp(t)
  const { kid } = (await loaded(instance())).current()
  await sql`UPDATE signing_keys SET kid = 'renamed'`
  await t.rejects(loaded(instance()))
  await sql`UPDATE signing_keys SET kid = ${kid}`
  for (const algorithm of ['HS256', 'RS256', 'EdDSA', 'none', 'constructor']) {
    await sql`UPDATE signing_keys SET algorithm = ${algorithm} WHERE kid = ${kid}`
    await t.rejects(loaded(instance()), `an ES256 key as ${algorithm}`)
    await sql`DELETE FROM signing_keys WHERE kid <> ${kid}`
  }
})

const day = 86_400
const hour = 3_600

t.test('a key is rotated when its time is over: the next one is published an hour before it signs', async t => {
  const { instance, age } = await setUp(t)
  const keys = await loaded(instance({ rotation: 90 * day }))
  const first = keys.current().kid
  await age(90 * day - hour - 60)
  await keys.rotateIfDue()
  t.equal(keys.published().length, 1, 'not yet')
  await age(60)
  await Promise.all([keys.rotateIfDue(), instance({ rotation: 90 * day }).rotateIfDue()])
  await keys.rotateIfDue()
  t.same(keys.list().map(key => key.state), ['signs', 'next'], 'one next key, however many look after it')
  t.equal(keys.current().kid, first)
  t.same(keys.published().map(key => key.kid), keys.list().map(key => key.kid), 'both are published')

  await age(hour)
  await keys.rotateIfDue()
  t.same(keys.list().map(key => key.state), ['checks only', 'signs'])
  t.not(keys.current().kid, first)
})

t.test('an announced key begins to sign at its time, without another reading', async t => {
  const { instance, pass } = await setUp(t)
  const keys = await loaded(instance())
  const first = keys.current().kid
  await keys.rotate({ atOnce: false }, clientInfo)
  pass(hour * 1000 - 10_000)
  t.equal(keys.current().kid, first)
  pass(20_000)
  t.not(keys.current().kid, first)
})

t.test('a key is kept for the longest life of a token after its last use, then removed', async t => {
  const { instance, age, rows } = await setUp(t)
  const keys = await loaded(instance({ maxTokenLifetime: 7 * day }))
  const old = keys.current()
  const token = signJws(old, claims)
  await keys.rotate({ atOnce: false }, clientInfo)
  await age(hour + 7 * day - 60)
  await keys.rotateIfDue()
  t.ok(await accepts(keys, token))
  await age(60)
  await keys.rotateIfDue()
  t.equal((await rows()).length, 1)
  await keys.load()
  t.notOk(await accepts(keys, token))
})

t.test('a key is prepared once, however often the keys are read, and dropped when it is removed', async t => {
  const { instance, age } = await setUp(t)
  const open: string[] = []
  const keys = instance({
    jwtSecret: newSecret(),
    async openEngine (key) {
      const engine = await openEngine(key)
      open.push(key.kid)
      return { ...engine, close: async () => { open.splice(open.indexOf(key.kid), 1) } }
    }
  })
  await loaded(keys)
  const [first = { kid: '' }] = keys.list()
  t.same(open, [first.kid, 'hs256'])
  for (let reading = 0; reading < 3; reading += 1) await Promise.all([keys.load(), keys.load()])
  t.same(open, [first.kid, 'hs256'])
  await keys.rotate({ atOnce: true }, clientInfo)
  const [, next = { kid: '' }] = keys.list()
  t.same(open, [first.kid, 'hs256', next.kid])
  await age(day)
  await keys.rotateIfDue()
  await keys.load()
  t.same(open, ['hs256', next.kid])
  await keys.close()
  t.same(open, [])
})

t.test('with KEY_ROTATION 0 a key signs until it is rotated by command', async t => {
  const { instance, age } = await setUp(t)
  const keys = await loaded(instance({ rotation: 0 }))
  await age(10_000 * day)
  await keys.rotateIfDue()
  t.same(keys.list().map(key => key.state), ['signs'])
})

t.test('a rotation at once lets the new key sign in half a minute, also one that is announced already', async t => {
  const { instance, pass } = await setUp(t)
  for (const announced of [false, true]) {
    const keys = await loaded(instance())
    const before = keys.current().kid
    if (announced) await keys.rotate({ atOnce: false }, clientInfo)
    const count = keys.list().length
    await keys.rotate({ atOnce: true }, clientInfo)
    t.equal(keys.list().length, announced ? count : count + 1)
    t.equal(keys.current().kid, before)
    pass(31_000)
    t.not(keys.current().kid, before)
    pass(-31_000)
    await keys.rotate({ atOnce: true }, clientInfo)
  }
})

t.test('a published key has its public members only', async t => {
  const { instance } = await setUp(t)
  const members = {
    ES256: ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
    EdDSA: ['alg', 'crv', 'kid', 'kty', 'use', 'x'],
    RS256: ['alg', 'e', 'kid', 'kty', 'n', 'use']
  }
  for (const [index, algorithm] of (['ES256', 'EdDSA', 'RS256'] as const).entries()) {
    const published = (await loaded(instance({ algorithm }))).published()
    t.equal(published.length, index + 1, 'those of other algorithms are published on')
    const jwk = published.find(key => key.alg === algorithm) ?? {}
    t.same(Object.keys(jwk).sort(), members[algorithm])
  }
})

t.test('with JWT_SECRET nothing is published', async t => {
  const { instance } = await setUp(t)
  const keys = await loaded(instance({ jwtSecret: newSecret() }))
  t.same(keys.published(), [])
  t.same(keys.list().map(key => key.state), ['checks only'])
})

t.test('the only key signs, also where the database\'s clock is ahead of its beginning', async t => {
  const { instance, age } = await setUp(t)
  await instance().load()
  await age(-hour)
  const keys = await loaded(instance())
  t.ok(keys.current().kid)
})
