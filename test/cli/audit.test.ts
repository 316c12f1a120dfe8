import t from 'tap'
import { auditCommand } from '../../src/cli/audit.js'
import { clientInfo, signedIn } from '../support/accounts.js'
import { buildCore } from '../support/build.js'
import { run, runJson } from '../support/command-line.js'
import { environmentOf } from '../support/settings.js'

t.test('audit shows what happened to an account, by its email or id, also after it was deleted', async t => {
  const { core, settings } = await buildCore(t)
  const { account, email } = await signedIn(core)
  const command = () => auditCommand(environmentOf(settings))
  t.match((await run(command(), [email])).stdout, /│ at .*│ signed_in .*│ 192\.0\.2\.1 +│ user +│/s)
  t.match(await runJson(command(), [account.id, '--event', 'account_created']), [{
    event: 'account_created', accountId: account.id, address: '192.0.2.1', actor: 'user', subject: null
  }])
  t.match((await run(command(), ['--event', 'account_created', '--limit', '1'])).stdout, 'account_created')
  await core.accounts.delete(email, { ...clientInfo, reason: 'asked for' })
  t.match(await runJson(command(), [account.id, '--limit', '1', '--since', '5m']), [{
    event: 'account_deleted', reason: 'asked for'
  }])
  await t.rejects(run(command(), [email]), { message: 'no account has this email or id' })
})

t.test('what it cannot show is refused before anything is opened', async t => {
  const command = () => auditCommand({ DATABASE_URL: 'postgres://127.0.0.1:1/none', KEYTURN_SECRET: 'x'.repeat(32) })
  const wrong = [['nobody'], ['--event', 'nothing'], ['--since', 'yesterday'], ['--since', '0'], ['--limit', '0']]
  for (const args of wrong) await t.rejects(run(command(), args), { name: 'CommanderError' }, args.join(' '))
})
