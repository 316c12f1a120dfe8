import { randomUUID } from 'node:crypto'
import t from 'tap'
import { isSameAudience } from '../../../src/core/partners/audience.js'
import { clientInfo } from '../../support/accounts.js'
import { buildCore } from '../../support/build.js'

const some = () => `https://${randomUUID()}.example`

t.test('no two clients get one audience, nor the id of another, not even at the same moment', async t => {
  const { core: { partners: { clients } }, sql } = await buildCore(t)
  const add = (audience?: string) =>
    clients.add({ name: 'x', grantTypes: [], permissions: [], scopes: [], audience }, clientInfo)
  const refused = { code: 'invalid_target', message: /^--audience is that of / }
  const audience = some()
  const { client } = await add(audience)
  await t.rejects(add(audience), refused)
  await t.rejects(add(client.id), refused)

  const contested = some()
  const added = await Promise.allSettled(Array.from({ length: 5 }, () => add(contested)))
  t.equal(added.filter(({ status }) => status === 'fulfilled').length, 1)
  for (const each of added) if (each.status === 'rejected') t.match(each.reason, refused)

  // As version 0.1 adds clients, which may go on beside this one for a while.
  const shared = some()
  for (const id of [randomUUID(), randomUUID()]) {
    await sql`INSERT INTO clients (id, name, grants, audience, scope) VALUES (${id}, 'old', '', ${shared}, '')`
    const found = (await clients.list()).find(client => client.id === id)
    t.match(found, { audience: shared, permissions: ['introspect', 'revoke', 'events'] }, 'they keep what they had')
  }
  await t.rejects(add(shared), refused)

  await sql`ALTER TABLE clients RENAME COLUMN secret_hash TO hidden`
  await t.rejects(add(some()), { code: '42703' }, 'what else goes wrong is not taken for it')
})

t.test('no client gets Keyturn\'s own audience, in any spelling', async t => {
  const { core: { partners: { clients } }, settings: { issuer } } = await buildCore(t)
  for (const audience of [issuer, `${issuer}/`, `${issuer}//`, issuer.toUpperCase()]) {
    await t.rejects(clients.add({ name: 'x', grantTypes: [], permissions: [], scopes: [], audience }, clientInfo), {
      code: 'invalid_target', message: /differ from PUBLIC_URL/
    }, audience)
  }
  t.equal(isSameAudience('https://a.example:443', 'https://A.example/'), true)
  t.equal(isSameAudience('https://a.example', 'https://a.example/path'), false)
  t.equal(isSameAudience('client_a', 'client_A'), false)
})
