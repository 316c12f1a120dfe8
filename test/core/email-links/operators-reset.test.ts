import { randomUUID } from 'node:crypto'
import t from 'tap'
import { clientInfo, signedIn } from '../../support/accounts.js'
import { buildCore } from '../../support/build.js'
import { outcomeOf } from '../../support/refusal.js'
import { isOnCitus } from '../../support/test-database.js'

const by = { ...clientInfo, actor: 'admin_token' }

t.test('of an account that is not there no mail is sent', async t => {
  const { core: { emailLinks }, sql } = await buildCore(t)
  const id = randomUUID()
  t.equal(await outcomeOf(emailLinks.sendPasswordReset(id, by)), 'not_found')
  t.equal(await outcomeOf(emailLinks.requirePasswordReset(id, by)), 'not_found')
  t.same(await sql`SELECT FROM mails WHERE account_id = ${id}`, [])
})

t.test('a new password is required with its mail, or not at all', { skip: isOnCitus }, async t => {
  const { core, sql } = await buildCore(t, { ownDatabase: true })
  const { account: { id }, accessToken } = await signedIn(core)
  await sql.unsafe(`
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER refuse BEFORE UPDATE ON accounts FOR EACH ROW EXECUTE FUNCTION refuse()`).simple()
  t.equal(await outcomeOf(core.emailLinks.requirePasswordReset(id, by)), 'unavailable', 'as when its email is changed')
  t.same(await sql`SELECT FROM mails WHERE account_id = ${id}`, [])
  t.ok(await core.validation.authenticate(accessToken))
})
