import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import postgres from 'postgres'
import t from 'tap'
import { missingRights, neededRights } from '../../src/db/rights.js'
import { operatorOf } from '../support/admin.js'
import { build, buildSettings } from '../support/build.js'
import { post } from '../support/http.js'
import { signedUp } from '../support/people.js'
import { isOnCitus } from '../support/test-database.js'

/** The statements of docs/operations.md for a role that owns nothing. */
async function documentedGrants (): Promise<string[]> {
  const guide = await readFile(new URL('../../docs/operations.md', import.meta.url), 'utf8')
  return [...guide.matchAll(/^GRANT .+ TO keyturn_app;$/gm)].map(([statement]) => statement)
}

t.test('the grants of the guide are those that the doctor looks for', async t => {
  const granted = (await documentedGrants()).flatMap(statement => {
    const [, rights = '', tables = ''] = /^GRANT (.+) ON (?!SCHEMA)(.+) TO/.exec(statement) ?? []
    const each = [...rights.matchAll(/(\w+)(?: \((.+?)\))?/g)]
    return tables.split(', ').filter(Boolean).flatMap(table => each.flatMap(([, privilege, columns = '']) =>
      columns.split(', ').map(column => `${table} ${privilege} ${column}`)))
  })
  t.same(granted.toSorted(),
    neededRights.map(({ table, privilege, column }) => `${table} ${privilege} ${column ?? ''}`).toSorted())
})

t.test('with them alone a server does all that it does, and its jobs too', { skip: isOnCitus }, async t => {
  const settings = await buildSettings(t, { ownDatabase: true })
  const owner = await build(t, { settings })
  const sql = postgres(settings.database.url ?? '', { max: 1, onnotice: () => {} })
  const role = `role_${randomUUID().replaceAll('-', '')}`
  await sql.unsafe(`CREATE ROLE ${role} LOGIN`)
  const url = new URL(settings.database.url ?? '')
  url.username = role
  const asRole = postgres(url.href, { max: 1 })
  t.ok((await missingRights(asRole)).length > 80, 'none yet')
  for (const grant of await documentedGrants()) await sql.unsafe(grant.replace('keyturn_app', role))
  t.same(await missingRights(asRole), [])
  await asRole.end()
  await owner.stop()

  const server = await build(t, { settings: { ...settings, database: { url: url.href } } })
  t.teardown(async () => {
    await server.stop()
    await sql.unsafe(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
    await sql.end()
  })
  const ask = operatorOf(server)
  const { email, refreshToken } = await signedUp(server.api)
  const statuses = [
    await post(`${server.api}/api/auth/refresh-token`, { refreshToken }),
    await post(`${server.api}/api/account/password-reset`, { email }),
    await ask('POST', '/clients', { name: 'x', audience: 'https://x.example' }),
    await ask('POST', '/keys/rotate', undefined, { 'idempotency-key': randomUUID() }),
    await ask('POST', '/webhooks', { url: 'https://hooks.example.com/' })
  ].map(({ status }) => status)
  t.ok(statuses.every(status => status < 300), statuses.join())
  const [account] = (await ask('GET', `/accounts?email=${email}`)).body.data.items
  t.equal((await ask('DELETE', `/accounts/${account.id}`, { reason: 'a test' })).status, 200)
  const { core } = server
  for (const job of [
    core.audit.retain, core.sessions.purge, core.securityEvents.cleanUp, core.partners.cleanUp, core.signIn.cleanUp,
    core.personalData.deleteDue, () => core.keys.rotateIfDue(), () => core.mail.cleanUp(),
    () => core.emailLinks.cleanUp(), () => core.operators.cleanUp(), () => core.imports.cleanUp(),
    () => core.webhooks.cleanUp()
  ]) await job()
  t.notMatch(server.log.join(''), 'permission denied')
})
