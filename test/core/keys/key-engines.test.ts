import t from 'tap'
import type { JwsEngine, KeyMaterial } from '../../../src/core/keys/jws-engine.js'
import { createKeyEngines } from '../../../src/core/keys/key-engines.js'
import { signJws, verifyJws } from '../../../src/core/keys/jws.js'
import { openEngine } from '../../../src/token-engine.js'
import { newKeyMaterial } from '../../support/forging.js'

const claims = { sub: 'somebody', iat: 1_000_000_000 }

/** Engines that say which of them were opened and closed, by the names of their keys. */
function setUp () {
  const opened: string[] = []
  const closed: string[] = []
  const counted = async (key: KeyMaterial): Promise<JwsEngine> => {
    const engine = await openEngine(key)
    opened.push(key.kid)
    return {
      ...engine,
      async close () {
        await engine.close()
        closed.push(key.kid)
      }
    }
  }
  return { engines: createKeyEngines(counted), opened, closed }
}

t.test('a key keeps its engine while it is kept, however often it is read', async t => {
  const { engines, opened, closed } = setUp()
  const material = await newKeyMaterial('ES256', 'a')
  const first = await engines.open(material)
  await engines.keepOnly([first])
  t.equal(await engines.open({ ...material }), first)
  await engines.keepOnly([first])
  t.same({ opened, closed }, { opened: ['a'], closed: [] })
})

t.test('an engine is not used for another key of the same name', async t => {
  const { engines, closed } = setUp()
  const first = await engines.open(await newKeyMaterial('ES256', 'a'))
  await engines.keepOnly([first])
  for (const algorithm of ['ES256', 'EdDSA', 'HS256'] as const) {
    const other = await engines.open(await newKeyMaterial(algorithm, 'a'))
    t.not(other.engine, first.engine)
    t.equal(verifyJws(signJws(first, claims), other), null)
    t.same(verifyJws(signJws(other, claims), other), claims)
    await engines.keepOnly([other, first])
  }
  await engines.keepOnly([first])
  t.same(closed, ['a', 'a', 'a'])
})

t.test('an engine is closed with its key, and what had taken it still can finish', async t => {
  const { engines, opened, closed } = setUp()
  const material = await newKeyMaterial('EdDSA', 'a')
  const key = await engines.open(material)
  const other = await engines.open(await newKeyMaterial('EdDSA', 'b'))
  await engines.keepOnly([key, other])
  await engines.keepOnly([other])
  t.same(closed, ['a'])
  t.same(verifyJws(signJws(key, claims), key), claims)
  t.not((await engines.open(material)).engine, key.engine)
  t.same(opened, ['a', 'b', 'a'])
})

t.test('what cannot be opened changes nothing', async t => {
  const { engines, closed } = setUp()
  const kept = await engines.open(await newKeyMaterial('ES256', 'a'))
  await engines.keepOnly([kept])
  await t.rejects(engines.open({ ...await newKeyMaterial('EdDSA', 'b'), algorithm: 'RS256' }))
  t.same(verifyJws(signJws(kept, claims), kept), claims)
  t.same(closed, [])
})
