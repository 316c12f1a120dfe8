import t from 'tap'
import { explain } from '../../src/cli/failure.js'
import { ConfigError } from '../../src/config/environment.js'
import { AuthError, unavailable } from '../../src/core/errors.js'

const systemError = (code: string, detail: object) => Object.assign(new Error(`raw ${code}`), { code, ...detail })

t.test('a failure is explained by what was wrong, where, and what to do', t => {
  const failures: Array<[error: unknown, ...lines: string[]]> = [
    [new ConfigError(['ONE must be', 'TWO must be']), 'ONE must be', 'TWO must be'],
    [new AuthError('email_taken'), 'an account with this email exists already'],
    [new AuthError('username_taken'), 'an account with this username exists already'],
    [new AuthError('not_found', { message: 'no client has this id' }), 'no client has this id'],
    [systemError('ENOENT', { path: 'keys.json' }), 'there is no file keys.json'],
    [systemError('EACCES', { path: 'keys.json' }), 'this user may not read keys.json'],
    [systemError('EISDIR', {}), 'that is a folder, not a file'],
    [unavailable(systemError('ENOTFOUND', { hostname: 'db.example' })), 'DATABASE_URL: there is no host db.example'],
    [unavailable(systemError('ECONNREFUSED', { address: '192.0.2.1', port: 5432 })),
      'DATABASE_URL: nothing listens at 192.0.2.1:5432; is Postgres running there?'],
    [new Error('any other'), 'any other']
  ]
  for (const [error, ...lines] of failures) t.same(explain(error), lines)
  t.match(explain(new AuthError('password_common')), [/choose another/])
  t.end()
})
