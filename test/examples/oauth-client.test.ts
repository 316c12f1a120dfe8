import t from 'tap'
import { runExample } from '../support/example.js'
import { post } from '../support/http.js'
import { buildForPartner } from '../support/partner.js'
import { signedUp } from '../support/people.js'

t.test('a service with an OAuth client library introspects and trades a token, as docs/partners.md shows', async t => {
  const { issuer, partner } = await buildForPartner(t)
  const { token, email } = await signedUp(issuer)
  const [first = '', second] = (await runExample('oauth-client.mjs', [token], issuer, partner)).split('\n')
  t.match(first, new RegExp(`^${email} until \\d{4}-`))
  t.equal(second, `a token with scope sessions:read, for ${partner.audience} only`)
  await post(`${issuer}/api/auth/revoke-token`, { token })
  t.equal(await runExample('oauth-client.mjs', [token], issuer, partner), 'no valid token\n')
})
