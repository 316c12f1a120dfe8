import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { sessionCommand } from '../../src/cli/session.js'
import { clientInfo, password, signedIn } from '../support/accounts.js'
import { buildCore } from '../support/build.js'
import { run, runJson } from '../support/command-line.js'
import { environmentOf } from '../support/settings.js'

/** The command over a database of its own, and a core beside it with one account that has several sessions. */
async function setUp (t: Test, sessions = 1) {
  const backend = await buildCore(t)
  const first = await signedIn(backend.core)
  const grants = [first]
  while (grants.length < sessions) {
    const grant = await backend.core.signIn.withPassword({ email: first.email, password }, 'partner', clientInfo)
    grants.push({ ...grant, email: first.email })
  }
  return { ...backend, email: first.email, grants, command: () => sessionCommand(environmentOf(backend.settings)) }
}

t.test('session list prints the live sessions, newest first, for people and for programs', async t => {
  const { command, core, email, grants: [first, second] } = await setUp(t, 2)
  const { account, sessionId } = first ?? await signedIn(core)
  t.match(await runJson(command(), ['list', email]), [
    { id: second?.sessionId, contract: 'partner' },
    { id: sessionId, contract: 'partner', ...clientInfo, expiresAt: /^\d{4}-/ }
  ])
  const { stdout, stderr } = await run(command(), ['list', email])
  t.match(stdout, new RegExp(`│ ${sessionId} │ partner +│ ${clientInfo.address} +│ ${clientInfo.userAgent} +│`))
  t.equal(stderr, '')

  await core.sessions.end(account.id, sessionId, 'signed_out', clientInfo)
  t.match((await runJson(command(), ['list', email])).length, 1)
})

t.test('an account without sessions has none', async t => {
  const { command, core } = await setUp(t)
  const email = `${randomUUID()}@example.com`
  await core.accounts.register({ email, password, minPasswordLength: 8 }, clientInfo)
  t.equal((await run(command(), ['list', email])).stdout, 'none\n')
  t.same(await runJson(command(), ['list', email]), [])
  t.equal((await run(command(), ['revoke', email, '--all'])).stdout, 'ended 0 sessions\n')
})

t.test('session revoke ends the session of this id and no other', async t => {
  const { command, core, email, grants } = await setUp(t, 2)
  const [gone, kept] = grants.map(({ sessionId, refreshToken }) => ({ sessionId, refreshToken }))
  t.match(await run(command(), ['revoke', email, gone?.sessionId ?? '']), { stdout: 'ended 1 session\n', stderr: '' })
  await t.rejects(core.refresh.trade(gone?.refreshToken ?? '', clientInfo), {
    code: 'invalid_refresh_token', reason: 'revoked'
  })
  t.match(await core.refresh.trade(kept?.refreshToken ?? '', clientInfo), { sessionId: kept?.sessionId })
})

t.test('session revoke --all ends every session of the account and of no other', async t => {
  const { command, core, email, grants } = await setUp(t, 3)
  const other = await signedIn(core)
  t.equal((await run(command(), ['revoke', email, '--all'])).stdout, 'ended 3 sessions\n')
  for (const { refreshToken } of grants) {
    await t.rejects(core.refresh.trade(refreshToken, clientInfo), { code: 'invalid_refresh_token', reason: 'revoked' })
  }
  t.match(await core.refresh.trade(other.refreshToken, clientInfo), { sessionId: other.sessionId })
})

t.test('a session of another account, an unknown one, or an invalid id is not ended', async t => {
  const { command, core, email } = await setUp(t)
  const other = await signedIn(core)
  for (const id of [other.sessionId, randomUUID(), 'nonsense', '1']) {
    await t.rejects(run(command(), ['revoke', email, id]), {
      message: 'no live session of this account has this id'
    }, id)
  }
  t.match(await core.refresh.trade(other.refreshToken, clientInfo), { sessionId: other.sessionId })
})

t.test('session revoke wants one session or --all, not both and not neither', async t => {
  const { command, core, email, grants } = await setUp(t)
  for (const args of [[], ['--all', randomUUID()]]) {
    await t.rejects(run(command(), ['revoke', email, ...args]), { message: 'error: name one session, or --all' })
  }
  t.match(await core.refresh.trade(grants[0]?.refreshToken ?? '', clientInfo), { sessionId: grants[0]?.sessionId })
})

t.test('session list and revoke say when there is no such account', async t => {
  const { command } = await setUp(t)
  const email = `${randomUUID()}@example.com`
  for (const args of [['list', email], ['revoke', email, '--all'], ['revoke', email, randomUUID()]]) {
    await t.rejects(run(command(), args), { message: 'no account has this email' })
  }
})

t.test('session revoke says in JSON how many it ended, also by the id of the account', async t => {
  const { command, email, grants: [grant] } = await setUp(t)
  t.same(await runJson(command(), ['revoke', email, grant?.sessionId ?? '']), { ended: 1 })
  t.same(await runJson(command(), ['revoke', grant?.account.id ?? '', '--all']), { ended: 0 })
})
