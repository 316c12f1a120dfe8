import { randomUUID } from 'node:crypto'
import t from 'tap'
import { itemsOf, operatorOf } from '../../support/admin.js'
import { build, databases } from '../../support/build.js'
import { post, send } from '../../support/http.js'
import { mailboxOf } from '../../support/mailbox.js'
import { matchesOpenapi } from '../../support/matches-openapi.js'
import { openSql } from '../../support/open-sql.js'
import { newPerson, signedUp, signedUpToManage } from '../../support/people.js'

for (const database of databases) {
  t.test(`an operator makes, finds, changes and deletes an account, on ${database}`, async t => {
    const server = await build(t, { database })
    const ask = operatorOf(server)
    const { email, username, password } = newPerson()
    const made = await ask('POST', '/accounts', {
      email: email.toUpperCase(),
      password,
      emailVerified: true,
      name: 'Ann Other',
      username,
      subscription: { status: 'active', plan: 'premium', expiresAt: '2027-12-31T23:59:59Z' },
      reason: 'ticket 4711'
    })
    t.equal(made.status, 201)
    matchesOpenapi(t, 'admin', 'POST /admin/accounts', made)
    const { account } = made.body.data
    t.match(account, {
      email,
      emailVerified: true,
      name: 'Ann Other',
      username,
      subscription: { status: 'active', plan: 'premium', expiresAt: '2027-12-31T23:59:59Z' },
      status: 'active',
      disabledAt: null,
      deletesAt: null
    })
    t.equal(made.headers.get('location'), `/admin/accounts/${account.id}`)
    t.equal((await post(`${server.api}/api/account/sign-in`, { email, password })).status, 200)

    const shown = await ask('GET', `/accounts/${account.id}`)
    matchesOpenapi(t, 'admin', 'GET /admin/accounts/{id}', shown)
    t.same(shown.body.data.account, account)
    const etag = String(shown.headers.get('etag'))
    t.equal(etag, made.headers.get('etag'))

    const changed = await ask('PATCH', `/accounts/${account.id}`, { name: null }, { 'if-match': etag })
    matchesOpenapi(t, 'admin', 'PATCH /admin/accounts/{id}', changed)
    t.match(changed.body.data.account, { name: null, username, emailVerified: true })
    const late = await ask('PATCH', `/accounts/${account.id}`, { name: 'X' }, { 'if-match': etag })
    t.match([late.status, late.body.error], [412, { code: 'CHANGED_MEANWHILE', reason: 'changed_meanwhile' }])
    matchesOpenapi(t, 'admin', 'PATCH /admin/accounts/{id}', late)
    const misspelt = await ask('PATCH', `/accounts/${account.id}`, { emial: 'x' })
    t.match([misspelt.status, misspelt.body.error.details], [400, [{ path: 'emial' }]])
    const endless = { status: 'active', plan: 'pro', expiresAt: null }
    const given = await ask('PATCH', `/accounts/${account.id}`, { subscription: endless })
    t.same(given.body.data.account.subscription, endless)
    const any = await ask('PATCH', `/accounts/${account.id}`, { subscription: null }, { 'if-match': '*' })
    t.equal(any.body.data.account.subscription, null)

    t.match((await ask('DELETE', `/accounts/${account.id}`, {})).body.error, { code: 'VALIDATION_ERROR' })
    const deleted = await ask('DELETE', `/accounts/${account.id}`, { reason: 'asked for' })
    matchesOpenapi(t, 'admin', 'DELETE /admin/accounts/{id}', deleted)
    t.equal(deleted.status, 200)
    for (const [method, path, body] of [
      ['GET', '', undefined], ['PATCH', '', { name: 'X' }], ['DELETE', '', { reason: 'x' }], ['POST', '/disable', {}],
      ['POST', '/enable', {}], ['POST', '/send-reset', {}], ['POST', '/require-reset', {}],
      ['POST', '/end-sessions', {}], ['GET', '/sessions', undefined], ['GET', '/export', undefined]
    ] as const) {
      const reply = await ask(method, `/accounts/${account.id}${path}`, body)
      t.match([reply.status, reply.body.error?.code], [404, 'NOT_FOUND'], `${method} ${path}`)
      matchesOpenapi(t, 'admin', `${method} /admin/accounts/{id}${path}`, reply)
    }
    const records = itemsOf(await ask('GET', `/audit?account=${account.id}&actor=admin_token`))
    t.same(records.map(({ event, details }) => [event, details]).toReversed(), [
      ['account_created', { reason: 'ticket 4711' }],
      ['profile_changed', { before: { name: 'Ann Other' }, after: { name: null } }],
      ['subscription_changed', {
        before: { subscription: { status: 'active', plan: 'premium', expiresAt: '2027-12-31T23:59:59.000Z' } },
        after: { subscription: endless }
      }],
      ['subscription_changed', { before: { subscription: endless }, after: { subscription: null } }],
      ['account_deleted', { reason: 'asked for' }]
    ])
  })
}

t.test('accounts are found by every index, a page at a time', async t => {
  const server = await build(t, { ownDatabase: true })
  const ask = operatorOf(server)
  const people = await Promise.all(Array.from({ length: 5 }, () => signedUp(server.api)))
  const emailsOf = async (query: string) => {
    const reply = await ask('GET', `/accounts?${query}`)
    matchesOpenapi(t, 'admin', 'GET /admin/accounts', reply)
    return itemsOf(reply).map(({ email }) => email)
  }
  const [one, two] = people
  const { body } = await ask('GET', `/accounts?email=${one?.email}`)
  const [{ id, createdAt }] = body.data.items
  t.same(await emailsOf(`email=${one?.email.toUpperCase()}`), [one?.email])
  t.same(await emailsOf(`id=${id}`), [one?.email])
  t.same(await emailsOf(`username=${two?.username.toUpperCase()}`), [two?.email])
  t.same(await emailsOf(`prefix=${two?.email.slice(0, 10)}`), [two?.email])
  t.same(await emailsOf(`prefix=${encodeURIComponent('%')}`), [])
  t.same(await emailsOf('email=unknown@example.com'), [])
  t.equal((await emailsOf(`created_from=${createdAt}`)).length, 5)
  t.equal((await emailsOf(`created_to=${createdAt}`)).length, 0)

  await ask('POST', `/accounts/${id}/disable`)
  t.same(await emailsOf('status=disabled'), [one?.email])
  t.equal((await emailsOf('status=active')).length, 4)
  t.same(await emailsOf('status=deleting'), [])
  await openSql(t, server.settings)`
    UPDATE accounts SET deletes_at = now() + interval '1 day' WHERE email = ${two?.email ?? ''}`
  t.same(await emailsOf('status=deleting'), [two?.email])
  t.equal((await emailsOf('status=active')).length, 3)

  const all: unknown[] = []
  for (let cursor = ''; ;) {
    const reply = await ask('GET', `/accounts?limit=2${cursor}`)
    all.push(...itemsOf(reply).map(({ email }) => email))
    if (reply.body.data.next === null) break
    cursor = `&cursor=${reply.body.data.next}`
  }
  t.same(all.toSorted(), people.map(({ email }) => email).toSorted(), 'each once')
  t.same((await ask('GET', '/accounts?limit=1001')).status, 400)
  const misspelt = await ask('GET', `/accounts?emial=${one?.email}`)
  t.match([misspelt.status, misspelt.body.error.details], [400, [{ path: 'emial' }]], 'not as if nothing was asked for')
  matchesOpenapi(t, 'admin', 'GET /admin/accounts', misspelt)
  t.same((await ask('GET', '/accounts?status=odd')).status, 400)
})

t.test('an account is disabled, enabled, signed out and sent a mail for a new password', async t => {
  const server = await build(t)
  const ask = operatorOf(server)
  const { email, password, token } = await signedUp(server.api)
  const [{ id }] = (await ask('GET', `/accounts?email=${email}`)).body.data.items
  const isGood = async (token: string) =>
    (await post(`${server.api}/api/auth/validate-token`, { token })).status === 200
  const signIn = () => post(`${server.api}/api/auth/login`, { email, password })

  const listed = await ask('GET', `/accounts/${id}/sessions`)
  matchesOpenapi(t, 'admin', 'GET /admin/accounts/{id}/sessions', listed)
  const [session] = listed.body.data.items
  t.match(session, { contract: 'partner', address: '127.0.0.1' })
  const ended = await ask('DELETE', `/accounts/${id}/sessions/${session.id}`)
  matchesOpenapi(t, 'admin', 'DELETE /admin/accounts/{id}/sessions/{sid}', ended)
  t.same(ended.body.data, { ended: 1 })
  t.equal(await isGood(token), false)
  const again = await ask('DELETE', `/accounts/${id}/sessions/${session.id}`)
  t.match([again.status, again.body.error.code], [404, 'SESSION_NOT_FOUND'])

  const [first, second] = [await signIn(), await signIn()]
  const all = await ask('POST', `/accounts/${id}/end-sessions`, { reason: 'stolen' })
  matchesOpenapi(t, 'admin', 'POST /admin/accounts/{id}/end-sessions', all)
  t.same(all.body.data, { ended: 2 })
  for (const { body } of [first, second]) t.equal(await isGood(body.data.token), false)

  const disabled = await ask('POST', `/accounts/${id}/disable`)
  matchesOpenapi(t, 'admin', 'POST /admin/accounts/{id}/disable', disabled)
  t.equal(disabled.body.data.account.status, 'disabled')
  t.equal((await signIn()).status, 401)
  const enabled = await ask('POST', `/accounts/${id}/enable`)
  matchesOpenapi(t, 'admin', 'POST /admin/accounts/{id}/enable', enabled)
  t.equal(enabled.body.data.account.status, 'active')
  t.equal((await signIn()).status, 200)

  const sent = await ask('POST', `/accounts/${id}/send-reset`, { reason: 'forgot it' })
  matchesOpenapi(t, 'admin', 'POST /admin/accounts/{id}/send-reset', sent)
  t.equal(sent.status, 200)
  const mail = await mailboxOf(server.settings).next(email, 'reset-password')
  const reset = await post(`${server.api}/api/account/password-reset/confirm`, {
    token: mail.token, newPassword: 'another violin harbor'
  })
  t.equal(reset.status, 200)
})

t.test('an account in the wrong hands: the password is good no more, its owner comes back by a mail', async t => {
  const server = await build(t)
  const ask = operatorOf(server)
  const { email, password, token, refreshToken } = await signedUp(server.api)
  const [{ id }] = (await ask('GET', `/accounts?email=${email}`)).body.data.items
  const required = await ask('POST', `/accounts/${id}/require-reset`, { reason: 'ticket 9' })
  matchesOpenapi(t, 'admin', 'POST /admin/accounts/{id}/require-reset', required)
  t.same(required.body.data, { ended: 1 })
  t.equal((await post(`${server.api}/api/auth/login`, { email, password })).status, 401)
  t.equal((await post(`${server.api}/api/auth/validate-token`, { token })).status, 401)
  t.equal((await post(`${server.api}/api/auth/refresh-token`, { refreshToken })).status, 401)
  const mail = await mailboxOf(server.settings).next(email, 'reset-password')
  const newPassword = 'another violin harbor'
  const reset = await post(`${server.api}/api/account/password-reset/confirm`, { token: mail.token, newPassword })
  t.equal(reset.status, 200)
  t.equal((await post(`${server.api}/api/auth/login`, { email, password: newPassword })).status, 200)
  const records = itemsOf(await ask('GET', `/audit?account=${id}&actor=admin_token`))
  t.same(records.map(({ event }) => event).toSorted(), ['password_reset_required', 'session_revoked'])
})

t.test('an operator gets the export that the owner would get', async t => {
  const server = await build(t)
  const ask = operatorOf(server)
  const { email, token } = await signedUpToManage(server.api)
  const [{ id }] = (await ask('GET', `/accounts?email=${email}`)).body.data.items
  const exported = await ask('GET', `/accounts/${id}/export`)
  matchesOpenapi(t, 'admin', 'GET /admin/accounts/{id}/export', exported)
  t.equal(exported.headers.get('content-disposition'), 'attachment; filename="account.json"')
  const own = await send(`${server.api}/api/account/me/export`, { headers: { authorization: `Bearer ${token}` } })
  t.same({ ...exported.body, exportedAt: '' }, { ...own.body, exportedAt: '' })
})

t.test('a new email is claimed and the old one is free; the sessions go on, with the new one', async t => {
  const server = await build(t)
  const ask = operatorOf(server)
  const [ann, bob] = [await signedUp(server.api), await signedUp(server.api)]
  const [{ id }] = (await ask('GET', `/accounts?email=${ann.email}`)).body.data.items
  for (const [change, code] of [
    [{ email: bob.email }, 'EMAIL_TAKEN'],
    [{ email: `${randomUUID()}@example.com`, username: bob.username }, 'USERNAME_TAKEN']
  ] as const) {
    const refused = await ask('PATCH', `/accounts/${id}`, change)
    t.match([refused.status, refused.body.error.code], [409, code])
    matchesOpenapi(t, 'admin', 'PATCH /admin/accounts/{id}', refused)
  }
  const email = `${randomUUID()}@example.com`
  const changed = await ask('PATCH', `/accounts/${id}`, { email, username: 'Renamed', reason: 'ticket 7' })
  t.match(changed.body.data.account, { email, username: 'Renamed', emailVerified: false })
  t.match((await post(`${server.api}/api/auth/validate-token`, ann)).body.data.user, { email })
  t.equal((await post(`${server.api}/api/auth/refresh-token`, ann)).status, 200)
  await signedUpAs(server.api, { ...newPerson(), email: ann.email, username: ann.username })

  const verified = await ask('PATCH', `/accounts/${id}`, { emailVerified: true })
  t.equal(verified.body.data.account.emailVerified, true)
  const unproved = await ask('PATCH', `/accounts/${id}`, { emailVerified: false })
  t.equal(unproved.body.data.account.emailVerified, false)
  const same = await ask('PATCH', `/accounts/${id}`, { email })
  t.same(same.body.data.account, unproved.body.data.account, 'what is so already changes nothing')

  const records = itemsOf(await ask('GET', `/audit?account=${id}&actor=admin_token`))
  t.same(records.map(({ event, details }) => [event, details]).toReversed(), [
    ['email_changed', {
      reason: 'ticket 7',
      before: { email: ann.email, username: ann.username },
      after: { email, username: 'Renamed' }
    }],
    ['profile_changed', {
      reason: 'ticket 7',
      before: { email: ann.email, username: ann.username },
      after: { email, username: 'Renamed' }
    }],
    ['email_verified', { before: { emailVerified: false }, after: { emailVerified: true } }],
    ['profile_changed', { before: { emailVerified: true }, after: { emailVerified: false } }]
  ])
})

async function signedUpAs (api: string, person: object): Promise<void> {
  const { status, text } = await post(`${api}/api/auth/register`, person)
  if (status !== 201) throw new Error(`${status} ${text}`)
}

t.test('an account without a password is entered by a mail only', async t => {
  const server = await build(t)
  const ask = operatorOf(server)
  const email = `${randomUUID()}@example.com`
  const { body, status } = await ask('POST', '/accounts', { email })
  t.equal(status, 201)
  t.match(body.data.account, { name: null, username: null, subscription: null, emailVerified: false })
  t.equal((await post(`${server.api}/api/auth/login`, { email, password: 'x' })).status, 401)
  const again = await ask('POST', '/accounts', { email })
  t.match([again.status, again.body.error.code], [409, 'EMAIL_TAKEN'])
  for (const [password, code] of [['short', 'VALIDATION_ERROR'], ['password123', 'PASSWORD_REFUSED']] as const) {
    const refused = await ask('POST', '/accounts', { email: `${randomUUID()}@example.com`, password })
    t.match([refused.status, refused.body.error.code], [400, code])
    matchesOpenapi(t, 'admin', 'POST /admin/accounts', refused)
  }
})

t.test('an owner whose address an operator changes gets a mail at the one before, if it was confirmed', async t => {
  const server = await build(t)
  const ask = operatorOf(server)
  const mailbox = mailboxOf(server.settings)
  for (const isConfirmed of [true, false]) {
    const [before, after] = [`${randomUUID()}@example.com`, `${randomUUID()}@example.com`]
    const { body } = await ask('POST', '/accounts', { email: before, emailVerified: isConfirmed, name: 'Ada' })
    await ask('PATCH', `/accounts/${body.data.account.id}`, { email: after })
    if (isConfirmed) {
      const { text } = await mailbox.next(before, 'email-changed-by-operator')
      t.match(text, /Hello Ada,/)
      t.match(text, after)
    }
    // What was to be sent is sent in order, so that this one comes after it.
    await ask('POST', `/accounts/${body.data.account.id}/send-reset`)
    await mailbox.next(after, 'reset-password')
    t.equal((await mailbox.mailsTo(before)).length, Number(isConfirmed))
  }
})
