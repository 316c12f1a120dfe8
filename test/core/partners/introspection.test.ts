import t from 'tap'
import { createIntrospection } from '../../../src/core/partners/introspection.js'
import { createKeyring } from '../../../src/core/keys/keyring.js'
import type { AccessTokenType } from '../../../src/core/keys/jws-engine.js'
import { createTokens } from '../../../src/core/tokens/index.js'
import { clientInfo, signedIn } from '../../support/accounts.js'
import { buildCore } from '../../support/build.js'
import { signingKeyOf } from '../../support/forging.js'

t.test('a token is verified once, whatever kind of token it is', async t => {
  const { core, db, settings } = await buildCore(t)
  const { issuer } = settings
  const key = await signingKeyOf(db, settings)
  let verified = 0
  const engine = {
    ...key.engine,
    verify (token: string, typ?: AccessTokenType) {
      verified += 1
      return key.engine.verify(token, typ)
    }
  }
  const counted = { ...key, engine }
  const tokens = createTokens({
    keyring: createKeyring(settings.secrets.current ?? ''),
    keys: { current: () => key, find: async () => counted, findByHeader: () => counted },
    issuer,
    settings: settings.tokens,
    now: Date.now
  })
  const { clients } = core.partners
  const introspect = createIntrospection({ sql: db.sql, tokens, validation: core.validation, clients, issuer })
  const audience = 'https://partner.example'
  const { client } = await clients.add({
    name: 'partner', audience, grantTypes: ['client_credentials'], permissions: [], scopes: ['read']
  }, clientInfo)
  const own = await signedIn(core)
  const whose = { sub: own.account.id, sid: own.sessionId, gen: 0, contract: 'partner', email: own.email }
  const restriction = { aud: audience, scope: 'read', client_id: client.id, auth_time: 1, act: { sub: client.id } }
  const speaking = { aud: audience, sub: client.id, client_id: client.id, scope: 'read' }
  const other = 'https://other.example'
  const cases: Array<[string, boolean]> = [
    [own.accessToken, true],
    [tokens.access.issue(whose, 60, restriction), true],
    [tokens.access.issueToClient(speaking, 60), true],
    [tokens.access.issue(whose, 0), false],
    [tokens.access.issue(whose, 60, { ...restriction, aud: other }), false],
    [tokens.access.issueToClient({ ...speaking, aud: other }, 60), false],
    [tokens.access.issueToClient({ ...speaking, sub: 'x', client_id: 'x' }, 60), false]
  ]
  for (const [token, isActive] of cases) {
    verified = 0
    t.equal(await introspect(client, token) !== null, isActive)
    t.equal(verified, 1)
  }
})
