import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { exportJWK, generateKeyPair } from 'jose'
import t, { type Test } from 'tap'
import { clientCommand } from '../../src/cli/client.js'
import { clientInfo } from '../support/accounts.js'
import { buildCore } from '../support/build.js'
import { run, runJson } from '../support/command-line.js'
import { environmentOf } from '../support/settings.js'

async function setUp (t: Test) {
  const { core, sql, settings } = await buildCore(t, { ownDatabase: true })
  return { core, sql, command: () => clientCommand(environmentOf(settings)) }
}

t.test('client add shows a secret that works, once; list shows no secret; remove refuses it from then on', async t => {
  const { core, sql, command } = await setUp(t)
  const made = await runJson(command(), [
    'add', 'SeshTracker', '--grant', 'refresh_token,token-exchange', '--audience', 'https://sesh.example',
    '--scope', 'sessions:read,sessions:write'
  ])
  t.match(made, {
    id: /^client_[\w-]{16}$/,
    name: 'SeshTracker',
    grants: ['refresh_token', 'urn:ietf:params:oauth:grant-type:token-exchange'],
    audience: 'https://sesh.example',
    scope: ['sessions:read', 'sessions:write'],
    secret: /^[\w-]{43}$/
  })
  t.match(await core.partners.clients.authenticate(made, clientInfo), { name: 'SeshTracker' })
  const [row] = await sql`SELECT to_jsonb(clients)::text AS text FROM clients`
  t.notMatch(row?.text, made.secret, 'only its hash is stored')

  const [listed] = await runJson(command(), ['list'])
  t.match(listed, { id: made.id, createdAt: /^\d{4}-/ })
  t.notOk('secret' in listed)
  t.match((await run(command(), ['list'])).stdout, `│ ${made.id} │ SeshTracker │`)

  t.equal((await run(command(), ['remove', made.id])).stdout, `removed ${made.id}\n`)
  await t.rejects(core.partners.clients.authenticate(made, clientInfo), { code: 'invalid_client' })
  await t.rejects(run(command(), ['remove', made.id]), { message: 'no client has this id' })
  t.equal((await run(command(), ['list'])).stdout, 'none\n')
})

t.test('left out, the audience is the client\'s id, the grants are introspect and events, and no scopes', async t => {
  const { command } = await setUp(t)
  const made = await runJson(command(), ['add', 'gateway'])
  t.match(made, { audience: made.id, grants: ['introspect', 'events'], scope: [] })
  const revoking = await runJson(command(), ['add', 'gateway', '--grant', 'revoke,client_credentials'])
  t.match(revoking, { grants: ['client_credentials', 'revoke'] }, 'what is named is all that it has')
})

t.test('a client that signs has no secret, and only public keys of known kinds are taken for it', async t => {
  const { command } = await setUp(t)
  const file = join(t.testdir(), 'keys.json')
  const add = async (content: unknown) => {
    await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content))
    return runJson(command(), ['add', 'signer', '--keys', file])
  }
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const p384 = await exportJWK((await generateKeyPair('ES384', { extractable: true })).publicKey)
  t.match(await add({ keys: [await exportJWK(publicKey)] }), { secret: null })
  for (const [fault, content] of [
    [/JSON/, 'no JSON'], [/JWK set/, 'null'], [/JWK set/, {}], [/JWK set/, { keys: [] }], [/JWK set/, { keys: [1] }],
    [/private key/, { keys: [await exportJWK(privateKey)] }],
    [/private key/, { keys: [{ kty: 'oct', k: 'AAAA' }] }],
    [/ES256, EdDSA, or RS256/, { keys: [p384] }], [/./, { keys: [{ kty: 'EC' }] }]
  ] as const) {
    await t.rejects(add(content), { message: new RegExp(`keys.json: .*${fault.source}`) }, JSON.stringify(content))
  }
  t.equal((await runJson(command(), ['list'])).length, 1)
})

t.test('client list warns of a key that could not be registered any more', async t => {
  const { core, command } = await setUp(t)
  const { publicKey } = await generateKeyPair('RS256', { extractable: true, modulusLength: 2048 })
  const publicKeys = JSON.stringify({ keys: [await exportJWK(publicKey)] })
  const { client: { id } } = await core.partners.clients.add({
    name: 'old', grantTypes: [], permissions: [], scopes: [], publicKeys
  }, clientInfo)
  t.match(await run(command(), ['list', '--json']), { stderr: new RegExp(`^keyturn: ${id} signs .* 3072 bits`) })
})

t.test('a client has a name, and a second one of that name draws a warning', async t => {
  const { command } = await setUp(t)
  for (const name of ['', ' ']) await t.rejects(run(command(), ['add', name]), { message: /has a name/ })
  t.equal((await run(command(), ['add', 'twin'])).stderr, '')
  t.match(await run(command(), ['add', 'twin']), { stderr: /another client is named twin/, stdout: /client_/ })
})

t.test('what cannot be a grant, a scope or an audience is refused', async t => {
  const { core, command } = await setUp(t)
  for (const [option, value, fault] of [
    ['--grant', 'password', /refresh_token, client_credentials, token-exchange/], ['--scope', 'a b', /no spaces/],
    ['--scope', '', /scope/], ['--audience', 'a b', /no spaces/], ['--audience', '', /audience/i]
  ] as const) await t.rejects(run(command(), ['add', 'x', option, value]), { message: fault }, `${option} ${value}`)
  await t.rejects(run(command(), ['add', 'x', '--audience', 'http://localhost:3000']), {
    message: /--audience must differ from PUBLIC_URL/
  })
  t.same(await core.partners.clients.list(), [])
})

t.test('client events shows the stream of a client by its name or id, and how far it is behind', async t => {
  const { core, sql, command } = await setUp(t)
  const { id } = await runJson(command(), ['add', 'SeshTracker'])
  const nothing = { id, name: 'SeshTracker', stream: null, status: null, requestedTypes: null, lagSeconds: 0 }
  t.same(await runJson(command(), ['events', 'SeshTracker']), { ...nothing, lastAcknowledgedAt: null })

  const client = await core.partners.clients.find(id)
  if (client === undefined) throw new Error('the client is missing')
  const receiver = core.securityEvents.receiver(client)
  const stream = await receiver.stream.create({ requestedTypes: ['a', 'b'] })
  await receiver.stream.acknowledge([])
  t.match(await runJson(command(), ['events', id]), {
    stream: stream.id, status: 'enabled', requestedTypes: ['a', 'b'], lagSeconds: 0, lastAcknowledgedAt: /^\d{4}-/
  })
  await receiver.stream.delete(stream.id)
  await sql`
    INSERT INTO audit_events (account_id, event, at)
    VALUES (gen_random_uuid(), 'signed_out', now() - interval '90 s')`
  await sql`UPDATE clients SET events_from = now() - interval '1 h'`
  t.match(await runJson(command(), ['events', id]), { lagSeconds: 90 })

  await t.rejects(run(command(), ['events', 'nobody']), { message: /no client has the id or name nobody/ })
  await run(command(), ['add', 'SeshTracker'])
  await t.rejects(run(command(), ['events', 'SeshTracker']), { message: new RegExp(`give an id: .*${id}`) })
  await t.rejects(core.securityEvents.state('gone'), { code: 'not_found' })
})
