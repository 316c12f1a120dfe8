import { mkdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { memoryStorage, webStorage, type SessionStorage } from '../src/index.js'
import { fileStorage } from '../src/node.js'
import { clientOf, fakeServer, ok, signedIn, tokens, user } from './support/fake-server.js'

const stored = (n: number, more: object = {}) => JSON.stringify({ ...tokens(n), storedAt: Date.now(), user, ...more })

/** As React Native's AsyncStorage: every call is a promise. */
function asyncStorage (): SessionStorage {
  const inner = memoryStorage()
  return { get: async () => inner.get(), set: async value => inner.set(value), remove: async () => inner.remove() }
}

/** A browser's area, as far as it is used. */
function area () {
  const items = new Map<string, string>()
  return {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => { items.set(key, value) },
    removeItem: (key: string) => { items.delete(key) }
  }
}

for (const [name, make] of Object.entries({
  memory: () => memoryStorage(),
  web: () => webStorage(area()),
  async: asyncStorage,
  file: (folder: string) => fileStorage(join(folder, 'session'))
})) {
  t.test(`a session survives a restart in the storage ${name}, and its end is an end`, async t => {
    const storage = make(t.testdir())
    const { client } = await signedIn(t, [() => ok({})], { storage })
    const again = clientOf(t, fakeServer(), { storage })
    await again.client.ready
    t.match(again.client.session, { user })
    t.same(again.types(), ['signed-in'])
    await client.signOut()
    t.equal(await storage.get(), null)
    const last = clientOf(t, fakeServer(), { storage })
    await last.client.ready
    t.equal(last.client.session, null)
  })
}

t.test('a file is for its owner only, is replaced whole, and a fault of the disk is reported', async t => {
  const path = join(t.testdir(), 'session')
  const storage = fileStorage(path)
  await storage.set('one')
  await storage.set('two')
  t.equal(await readFile(path, 'utf8'), 'two')
  t.equal((await stat(path)).mode & 0o777, 0o600)
  await mkdir(join(t.testdir(), 'folder'))
  await t.rejects(async () => fileStorage(t.testdir()).get(), { code: 'EISDIR' })
})

t.test('an age that cannot be, or a token that has ended, is due at once', async t => {
  for (const storedAt of [Date.now() + 60_000, Date.now() - 601_000]) {
    const storage = memoryStorage()
    await storage.set(stored(1, { storedAt }))
    const server = fakeServer(() => ok(tokens(2)), () => new Response('fine'))
    const { client } = clientOf(t, server, { storage })
    await client.fetch('https://auth.example.com/things')
    t.same(server.paths(), ['/refresh', '/things'])
  }
})

t.test('what is no session reads as signed out and is reported', async t => {
  for (const text of ['', '{', 'null', '{"token":"x"}', stored(1, { expiresIn: 'x' }), stored(1, { user: {} })]) {
    const storage = memoryStorage()
    await storage.set(text)
    const { client, errors } = clientOf(t, fakeServer(), { storage })
    await client.ready
    t.equal(client.session, null)
    t.match(errors, [/no session of Keyturn/])
  }
})

t.test('a storage that fails loses no session in memory, and never reads as a sign-out', async t => {
  const fail = () => { throw new Error('quota exceeded') }
  for (const broken of [{ set: fail }, { get: fail }, { get: fail, set: fail, remove: fail }]) {
    const { client, errors, types } = await signedIn(t, [() => ok(tokens(2)), () => ok({})], {
      storage: { ...memoryStorage(), ...broken }
    })
    await client.refresh()
    t.not(client.session, null)
    t.match(errors[0], { message: 'quota exceeded' })
    t.same(types(), ['signed-in', 'refreshed'])
    await client.signOut()
    t.equal(client.session, null)
  }
})

t.test('a session that another tab wrote is adopted, and a removed one is signed out', async t => {
  const storage = memoryStorage()
  const { client, server, events } = await signedIn(t, [], { storage })
  await storage.set(stored(5))
  await client.refresh()
  t.same(server.paths(), ['/sign-in'], 'what the other tab got is not refreshed again')
  await storage.set(stored(6, { user: { id: 'user_2' } }))
  t.match(await client.refresh(), { user: { id: 'user_2' } })
  await storage.remove()
  await t.rejects(client.refresh(), { code: 'SIGNED_OUT' })
  t.match(events.map(({ type, user, reason }) => [type, user?.id ?? reason]), [
    ['signed-in', 'user_1'], ['refreshed', 'user_1'], ['signed-in', 'user_2'], ['signed-out', 'signed_out']
  ])
})

t.test('the reply to a refresh is dropped when a sign-out or another account came meanwhile', async t => {
  for (const [meanwhile, expected] of [
    [(storage: SessionStorage) => storage.remove(), null],
    [(storage: SessionStorage) => storage.set(stored(7, { user: { id: 'user_2' } })), 'user_2']
  ] as const) {
    const storage = memoryStorage()
    const { client } = await signedIn(t, [async () => {
      await meanwhile(storage)
      return ok(tokens(2))
    }], { storage })
    const result = await client.refresh().catch(() => null)
    t.equal(result?.user.id ?? null, expected)
    t.notMatch(await storage.get(), 'token-2')
  }
})

t.test('a sign-out during a refresh or a sign-in wins', async t => {
  const storage = asyncStorage()
  const { client, server } = await signedIn(t, [], { storage })
  let signedOut: Promise<void> | undefined
  server.answers.push(async () => {
    signedOut = client.signOut()
    await new Promise(resolve => { setTimeout(resolve, 5) })
    return ok(tokens(2))
  }, () => ok({}))
  await t.rejects(client.refresh(), { code: 'SIGNED_OUT' })
  await signedOut
  t.equal(client.session, null)
  t.equal(await storage.get(), null)

  const slow: SessionStorage = {
    ...storage,
    async set (value) {
      await client.signOut()
      await storage.set(value)
    }
  }
  const other = clientOf(t, fakeServer(() => ok({ ...tokens(1), user })), { storage: slow })
  slow.set = async value => {
    const ending = other.client.signOut()
    await storage.set(value)
    ending.catch(() => {})
  }
  await other.client.signIn({ email: user.email, password: 'x' })
  await new Promise(resolve => { setTimeout(resolve, 5) })
  t.equal(other.client.session, null)
  t.equal(await storage.get(), null)
})

t.test('a storage event of another tab is heard until dispose', async t => {
  const listeners = new Map<string, (event: object) => void>()
  t.intercept(globalThis, 'addEventListener', {
    value: (type: string, listener: (event: object) => void) => listeners.set(type, listener)
  })
  t.intercept(globalThis, 'removeEventListener', { value: (type: string) => listeners.delete(type) })
  const local = area()
  const { client } = clientOf(t, fakeServer(), { storage: webStorage(local) })
  await client.ready
  local.setItem('keyturn', stored(1))
  listeners.get('storage')?.({ storageArea: {}, key: 'keyturn' })
  listeners.get('storage')?.({ storageArea: local, key: 'other' })
  await new Promise(resolve => { setImmediate(resolve) })
  t.equal(client.session, null)
  listeners.get('storage')?.({ storageArea: local, key: 'keyturn' })
  await new Promise(resolve => { setImmediate(resolve) })
  t.match(client.session, { user })
  local.removeItem('keyturn')
  listeners.get('storage')?.({ storageArea: local, key: null })
  await new Promise(resolve => { setImmediate(resolve) })
  t.equal(client.session, null)
  client.dispose()
  t.equal(listeners.size, 0)
})
