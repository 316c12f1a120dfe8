// A support tool makes an account, changes it unless it was changed meanwhile, disables and deletes it.
import assert from 'node:assert/strict'
import { Api } from '../../generated/swagger-typescript-api/ops.js'

const [baseUrl = 'http://127.0.0.1:9000', email = '', adminToken = ''] = process.argv.slice(2)
const { admin: keyturn } = new Api({ baseUrl, baseApiParams: { headers: { authorization: `Bearer ${adminToken}` } } })

const once = { headers: { 'idempotency-key': crypto.randomUUID() } }
const made = await keyturn.adminCreateAccount({ email, name: 'Ada' }, once)
if (!made.ok) throw new Error(made.error.error.message)
const again = await keyturn.adminCreateAccount({ email, name: 'Ada' }, once)
assert.deepEqual(again.data, made.data)
const { id, status } = made.data.data.account
assert.equal(status, 'active')

const found = await keyturn.adminAccounts({ email })
assert.deepEqual(found.data.data.items.map(account => account.id), [id])

const ifUnchanged = { headers: { 'if-match': String(made.headers.get('etag')) } }
const changed = await keyturn.adminUpdateAccount(id, { name: 'Ada Lovelace' }, ifUnchanged)
assert.equal(changed.data.data.account.name, 'Ada Lovelace')
const late = await keyturn.adminUpdateAccount(id, { name: 'Ada' }, ifUnchanged)
assert.equal(late.error.error.code, 'CHANGED_MEANWHILE')

const disabled = await keyturn.adminDisableAccount(id, { reason: 'ticket 4711' })
assert.equal(disabled.data.data.account.status, 'disabled')
const deleted = await keyturn.adminDeleteAccount(id, { reason: 'ticket 4712' })
assert.equal(deleted.data.data.done, true)

const records = await keyturn.adminAudit({ account: id, limit: 10 })
assert.deepEqual(records.data.data.items.map(({ event }) => event), [
  'account_deleted', 'account_disabled', 'profile_changed', 'account_created'
])
const gone = await keyturn.adminAccount(id)
assert.equal(gone.error.error.code, 'NOT_FOUND')
