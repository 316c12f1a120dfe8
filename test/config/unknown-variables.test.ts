import t from 'tap'
import { unknownVariables } from '../../src/config/unknown-variables.js'

t.test('a misspelt variable is reported with the name it is nearest to', async t => {
  const misspelt = {
    REFRESH_TOKEN_TTLS: 'REFRESH_TOKEN_TTL',
    JWT_ALGO: 'JWT_ALG',
    DATABASE_URI: 'DATABASE_URL',
    PUBLIC_URI: 'PUBLIC_URL',
    KEYTURN_SECRT: 'KEYTURN_SECRET',
    LOGIN_MAX_FAILURE: 'LOGIN_MAX_FAILURES'
  }
  for (const [name, nearest] of Object.entries(misspelt)) {
    t.same(unknownVariables({ [name]: 'x' }), [
      `${name} is not a setting of Keyturn and is ignored; did you mean ${nearest}?`
    ])
  }
})

t.test('a variable that begins as only Keyturn\'s do is reported however it goes on', async t => {
  for (const name of ['KEYTURN_VERBOSE', 'REFRESH_TOKEN_LIFETIME', 'PASSWORD_HASH_ROUNDS']) {
    t.match(unknownVariables({ [name]: 'x' }), [new RegExp(`^${name} is not a setting`)])
  }
})

t.test('variables of Keyturn and of other programs are not', async t => {
  const others = [
    'KEYTURN_SECRET', 'LISTEN', 'PATH', 'HOME', 'PORT', 'PGHOST', 'HOSTNAME', 'LOGNAME', 'NODE_OPTIONS', 'NODE_PATH',
    'LISTEN_FDS', 'SESSION_MANAGER', 'XDG_DATA_DIRS', 'npm_config_cache', 'LANG', 'UV_THREADPOOL_SIZE', 'TZ', 'CI'
  ]
  t.same(unknownVariables(Object.fromEntries(others.map(name => [name, 'x']))), [])
})

t.test('no value is repeated, since it may be a secret', async t => {
  t.notMatch(unknownVariables({ KEYTURN_SECRETS: 'hunter2' }).join(), 'hunter2')
})
