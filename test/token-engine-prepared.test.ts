import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import t from 'tap'

/* Preparing a key takes longer than signing with it, so it is done once. Watched below the engine, in node:crypto. */

type Watched = Record<string, (...args: unknown[]) => unknown>

let prepared = 0
let unprepared = 0

function watch (functions: object, name: string, onCall: (args: unknown[]) => void): void {
  const watched = functions as Watched
  const original = watched[name]
  watched[name] = function (this: unknown, ...args) {
    onCall(args)
    return original?.apply(this, args)
  }
}

/** The key is an argument, or a member of one. */
function isPrepared (argument: unknown): boolean {
  const members = Object.values(argument ?? {}) as unknown[]
  return [argument, ...members].some(value => value instanceof crypto.KeyObject)
}

for (const name of ['createPrivateKey', 'createPublicKey', 'createSecretKey']) {
  watch(crypto, name, () => { prepared += 1 })
}
const uses: Array<[object, string]> = [
  [crypto, 'sign'], [crypto, 'verify'], [crypto, 'createHmac'],
  [crypto.Sign.prototype, 'sign'], [crypto.Verify.prototype, 'verify']
]
for (const [functions, name] of uses) {
  watch(functions, name, args => { if (!args.some(isPrepared)) unprepared += 1 })
}
syncBuiltinESMExports()

const { openKey } = await import('../src/core/keys/jws-engine.js')
const { signJws, readSigned } = await import('../src/core/keys/jws.js')
const { openEngine } = await import('../src/token-engine.js')
const { algorithms, newKeyMaterial } = await import('./support/forging.js')

for (const algorithm of algorithms) {
  t.test(`${algorithm}: a key is prepared when its engine is opened, and by no token`, async t => {
    const material = await newKeyMaterial(algorithm, 'the key')
    prepared = 0
    const key = await openKey(material, openEngine)
    t.ok(prepared > 0, 'the counter counts')
    prepared = 0
    const keys = { find: async () => key, findByHeader: () => key }
    for (let iat = 1; iat <= 50; iat += 1) {
      signJws(key, { iat }, 'secevent+jwt')
      t.same(await readSigned(signJws(key, { iat }), keys), { iat })
    }
    t.same({ prepared, unprepared }, { prepared: 0, unprepared: 0 })
  })
}

t.test('a signature by the text of a key would be noticed', async t => {
  const { signingKey } = await newKeyMaterial('EdDSA', '')
  crypto.sign(null, Buffer.from('x'), signingKey.export({ format: 'pem', type: 'pkcs8' }))
  t.equal(unprepared, 1)
})
