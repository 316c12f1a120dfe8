import t from 'tap'
import { noAccount } from '../../../src/core/audit/audit.js'
import { clientInfo, password, signedIn } from '../../support/accounts.js'
import { buildCore } from '../../support/build.js'
import { outcomeOf } from '../../support/refusal.js'

const since = new Date(Date.now() - 3_600_000)

t.test('every record says who acted: the user, the operator, a client, or a rule', async t => {
  const { core } = await buildCore(t, { settings: { quotas: { sessions: 1 } } })
  const { account, email, refreshToken } = await signedIn(core)
  await core.signIn.withPassword({ email, password }, 'partner', clientInfo)
  await core.sessions.signOut.byRefreshToken(refreshToken, { ...clientInfo, actor: 'client:sesh' })
  await core.accounts.disable(email, clientInfo)
  await core.accounts.enable(email, clientInfo)
  const { records } = await core.audit.page({ accountId: account.id, since, limit: 20 })
  t.same(records.map(({ event, actor }) => `${event} ${actor}`).sort(), [
    'account_created user', 'account_disabled operator', 'account_enabled operator', 'session_limit_reached policy',
    'signed_in user', 'signed_in user'
  ])
  t.same(records.map(({ at }) => at), records.map(({ at }) => at).toSorted((a, b) => Number(b) - Number(a)))
})

t.test('it is asked for one account or all, one kind of event, a time and a number of records', async t => {
  const { core } = await buildCore(t, { ownDatabase: true })
  const [one, other] = [await signedIn(core), await signedIn(core)]
  const events = async (query: object) =>
    (await core.audit.page({ since, limit: 100, ...query })).records.map(({ accountId, event }) => [accountId, event])
  t.equal((await events({ accountId: one.account.id })).length, 2)
  t.same((await events({ event: 'signed_in' })), [[other.account.id, 'signed_in'], [one.account.id, 'signed_in']])
  t.equal((await events({ limit: 3 })).length, 3)
  t.same(await events({ since: new Date(Date.now() + 60_000) }), [])
})

t.test('clients that come and go, and credentials of one that were refused, are on record', async t => {
  const { core } = await buildCore(t, { ownDatabase: true })
  const { clients } = core.partners
  const { client: { id }, secret } = await clients.add({
    name: 'SeshTracker', grantTypes: [], permissions: [], scopes: []
  }, clientInfo)
  await clients.authenticate({ id, secret: secret ?? '' }, clientInfo)
  for (let n = 0; n < 5; n += 1) await outcomeOf(clients.authenticate({ id, secret: 'wrong' }, clientInfo))
  await outcomeOf(clients.authenticate({ id: 'client_unknown', secret: 'wrong' }, clientInfo))
  for (const assertion of ['x', `${'e30'}.${Buffer.from(JSON.stringify({ sub: id })).toString('base64url')}.e30`]) {
    await outcomeOf(clients.authenticate({ assertion }, clientInfo))
  }
  await clients.remove(id, clientInfo)
  const records = (await core.audit.page({ accountId: noAccount, since, limit: 20 })).records.reverse()
    .filter(({ event }) => event.startsWith('client_'))
  t.same(records.map(({ event, subject, actor, address }) => ({ event, subject, actor, address })), [
    { event: 'client_added', subject: id, actor: 'operator', address: clientInfo.address },
    { event: 'client_refused', subject: id, actor: 'policy', address: clientInfo.address },
    { event: 'client_removed', subject: id, actor: 'operator', address: clientInfo.address }
  ])
})

t.test('so are signing keys, with who asked for them', async t => {
  const { core } = await buildCore(t, { ownDatabase: true })
  await core.keys.rotate({ atOnce: false }, clientInfo)
  await core.keys.rotate({ atOnce: true }, clientInfo)
  await core.keys.rotate({ atOnce: true }, clientInfo)
  const kids = core.keys.list().map(({ kid }) => kid)
  const records = (await core.audit.page({ accountId: noAccount, since, limit: 20 })).records.reverse()
  t.same(records.map(({ event, subject, actor }) => [event, subject, actor]), [
    ['key_announced', kids[0], 'policy'],
    ['key_announced', kids[1], 'operator'],
    ['key_activated_sooner', kids[1], 'operator']
  ])
})
