import t, { type Test } from 'tap'
import { clientInfo, password, refusesRefresh, signedIn } from '../../support/accounts.js'
import { buildCore } from '../../support/build.js'

async function setUp (t: Test, { verified = true } = {}) {
  const { core, db } = await buildCore(t, { settings: { refresh: { retryWindow: 0, confirmWindow: 0 } } })
  const person = await signedIn(core)
  const { account: { id } } = person
  if (verified) await db.sql`UPDATE accounts SET email_verified_at = now() WHERE id = ${id}`
  const recipients = async () => {
    const rows = await db.sql<Array<{ recipient: string | null }>>`
      SELECT recipient FROM mails WHERE account_id = ${id} AND kind = 'session-ended'`
    return rows.map(({ recipient }) => recipient)
  }
  return { core, person, recipients }
}

t.test('the end of a session whose refresh token was reused is notified to the owner, once', async t => {
  const { core, person: { email, refreshToken }, recipients } = await setUp(t)
  const { refreshToken: second } = await core.refresh.trade(refreshToken, clientInfo)
  t.same(await recipients(), [])
  await refusesRefresh(t, core.refresh.trade(refreshToken, clientInfo), 'reused')
  t.same(await recipients(), [email])
  await refusesRefresh(t, core.refresh.trade(second, clientInfo), 'reused')
  await refusesRefresh(t, core.refresh.trade(refreshToken, clientInfo), 'reused')
  t.same(await recipients(), [email])
})

t.test('the same of an access token that extends its session', async t => {
  const { core, person: { email }, recipients } = await setUp(t)
  const { accessToken } = await core.signIn.withPassword({ email, password }, 'session', clientInfo)
  await core.refresh.extend(accessToken, clientInfo)
  await refusesRefresh(t, core.refresh.extend(accessToken, clientInfo), 'reused')
  t.same(await recipients(), [email])
})

t.test('an address that was not confirmed gets no notice', async t => {
  const { core, person: { refreshToken }, recipients } = await setUp(t, { verified: false })
  await core.refresh.trade(refreshToken, clientInfo)
  await refusesRefresh(t, core.refresh.trade(refreshToken, clientInfo), 'reused')
  t.same((await recipients()).filter(recipient => recipient !== null), [])
})
