import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { loadSettings } from '../../src/config/settings.js'
import { unknownVariables } from '../../src/config/unknown-variables.js'
import { contractNames } from '../../src/contracts/index.js'

const secret = 'a secret of at least 32 bytes, no less'
const folder = await mkdtemp(join(tmpdir(), 'keyturn-secrets-'))
t.teardown(() => rm(folder, { recursive: true, force: true }))

async function file (name: string, text: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}

const load = (env: Record<string, string>) => loadSettings(env, contractNames)

t.test('every secret can be given as a file, whose last line break does not count', async t => {
  const env = {
    DATABASE_URL_FILE: await file('database', 'postgres://keyturn@localhost/keyturn\n'),
    REDIS_URL_FILE: await file('redis', 'redis://localhost:6379'),
    KEYTURN_SECRET_FILE: await file('secret', `${secret}\r\n`),
    KEYTURN_SECRET_PREVIOUS_FILE: await file('previous', `${secret} before\n`),
    JWT_SECRET_FILE: await file('jwt', `${secret} of partners \n`)
  }
  t.match(load(env), {
    database: { url: 'postgres://keyturn@localhost/keyturn' },
    redisUrl: 'redis://localhost:6379',
    secrets: { current: secret, previous: `${secret} before` },
    keys: { sharedSecret: `${secret} of partners ` }
  })
  t.same(unknownVariables(env), [], 'and its variable is known')
  t.match(unknownVariables({ KEYTURN_SECRET_FIL: '/x' }), [/did you mean KEYTURN_SECRET_FILE/])
})

t.test('a file that cannot be used is a problem of its variable, named without what is in it', async t => {
  const missing = join(folder, 'missing')
  const wrong: Array<[env: Record<string, string>, message: RegExp]> = [
    [{ KEYTURN_SECRET_FILE: missing }, /^KEYTURN_SECRET_FILE .* cannot be read: ENOENT$/],
    [{ KEYTURN_SECRET_FILE: folder }, /^KEYTURN_SECRET_FILE .* cannot be read: EISDIR$/],
    [{ KEYTURN_SECRET_FILE: await file('empty', '\n') }, /^KEYTURN_SECRET_FILE names an empty file$/],
    [{ KEYTURN_SECRET_FILE: await file('short', 'short') }, /^KEYTURN_SECRET must be at least 32 bytes long$/],
    [{ JWT_SECRET_FILE: await file('both', secret), JWT_SECRET: secret }, /^JWT_SECRET_FILE and JWT_SECRET are both/]
  ]
  for (const [env, message] of wrong) t.throws(() => load(env), { name: 'ConfigError', message })
})

t.test('an empty name of a file counts as unset', async t => {
  t.equal(load({ KEYTURN_SECRET_FILE: '', KEYTURN_SECRET: secret }).secrets.current, secret)
})
