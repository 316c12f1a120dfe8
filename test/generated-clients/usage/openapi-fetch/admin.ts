// A support tool makes an account, changes it unless it was changed meanwhile, disables and deletes it.
import assert from 'node:assert/strict'
import createClient from 'openapi-fetch'
import type { paths } from '../../generated/openapi-typescript/ops.js'

const [baseUrl = 'http://127.0.0.1:9000', email = '', adminToken = ''] = process.argv.slice(2)
const keyturn = createClient<paths>({ baseUrl, headers: { authorization: `Bearer ${adminToken}` } })

const once = { 'idempotency-key': crypto.randomUUID() }
const made = await keyturn.POST('/admin/accounts', { params: { header: once }, body: { email, name: 'Ada' } })
if (made.error !== undefined) throw new Error(made.error.error.message)
const again = await keyturn.POST('/admin/accounts', { params: { header: once }, body: { email, name: 'Ada' } })
assert.deepEqual(again.data, made.data)
const { id, status } = made.data.data.account
assert.equal(status, 'active')

const found = await keyturn.GET('/admin/accounts', { params: { query: { email } } })
assert.deepEqual(found.data?.data.items.map(account => account.id), [id])

const path = { id }
const tag = String(made.response.headers.get('etag'))
const changed = await keyturn.PATCH('/admin/accounts/{id}', {
  params: { path, header: { 'if-match': tag } }, body: { name: 'Ada Lovelace' }
})
assert.equal(changed.data?.data.account.name, 'Ada Lovelace')
const late = await keyturn.PATCH('/admin/accounts/{id}', {
  params: { path, header: { 'if-match': tag } }, body: { name: 'Ada' }
})
assert.equal(late.error?.error.code, 'CHANGED_MEANWHILE')

const disabled = await keyturn.POST('/admin/accounts/{id}/disable', {
  params: { path }, body: { reason: 'ticket 4711' }
})
assert.equal(disabled.data?.data.account.status, 'disabled')
const deleted = await keyturn.DELETE('/admin/accounts/{id}', { params: { path }, body: { reason: 'ticket 4712' } })
assert.equal(deleted.data?.data.done, true)

const records = await keyturn.GET('/admin/audit', { params: { query: { account: id, limit: 10 } } })
// A stream of lines, in another type, is for who asks for it with Accept.
if (records.data === undefined || typeof records.data === 'string') throw new Error('no list')
assert.deepEqual(records.data.data.items.map(({ event }) => event), [
  'account_deleted', 'account_disabled', 'profile_changed', 'account_created'
])
const gone = await keyturn.GET('/admin/accounts/{id}', { params: { path } })
assert.equal(gone.error?.error.code, 'NOT_FOUND')
