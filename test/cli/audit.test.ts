import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { auditCommand } from '../../src/cli/audit.js'
import { clientInfo, signedIn } from '../support/accounts.js'
import { buildCore } from '../support/build.js'
import { run, runJson } from '../support/command-line.js'
import { startKeyturn } from '../support/keyturn-process.js'
import { environmentOf } from '../support/settings.js'
import { until } from '../support/until.js'

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
  const wrong = [
    ['--since', '1h', '--from', '2026-01-12T10:30:00Z'], ['--follow', '--limit', '1'], ['--to', 'now'],
    ['nobody'], ['--event', 'nothing'], ['--since', 'yesterday'], ['--since', '0'], ['--limit', '0']]
  for (const args of wrong) await t.rejects(run(command(), args), { name: 'CommanderError' }, args.join(' '))
})

t.test('audit shows what one actor did, or what was done to a client, in a span of time', async t => {
  const { core, settings } = await buildCore(t)
  const { account } = await signedIn(core)
  const { client } = await core.partners.clients.add(
    { name: 'x', audience: 'https://x.example', grantTypes: [], permissions: ['introspect'], scopes: [] },
    { ...clientInfo, actor: 'cli:ada' })
  const command = () => auditCommand(environmentOf(settings))
  t.match(await runJson(command(), ['--actor', 'cli:ada']), [{ event: 'client_added', subject: client.id }])
  t.match(await runJson(command(), ['--client', client.id]), [{ event: 'client_added' }])
  const [hourAgo, inAnHour] = [-1, 1].map(hours => new Date(Date.now() + hours * 3_600_000).toISOString())
  const of = async (...span: string[]) => (await runJson(command(), [account.id, ...span]) as unknown[]).length
  t.equal(await of('--from', String(hourAgo)), 2)
  t.equal(await of('--from', String(inAnHour)), 0)
  t.equal(await of('--to', String(hourAgo)), 0)
  t.equal(await of('--to', String(inAnHour), '--since', '2h'), 2)
})

t.test('audit --follow shows what happens from then on, each record once', async t => {
  const { core, settings } = await buildCore(t)
  const { account } = await signedIn(core)
  for (const json of [true, false]) {
    const child = startKeyturn(['audit', '--follow', '--event', 'signed_in', ...json ? ['--json'] : []], {
      env: environmentOf(settings) as Record<string, string>, counted: true
    })
    const exited = once(child, 'exit')
    const lines: string[] = []
    createInterface(child.stdout).on('line', line => lines.push(line))
    // It says nothing until something happens, so it is told when it has begun by the first that it shows.
    while (lines.length === 0) {
      await signedIn(core)
      await delay(200)
    }
    const shown = lines.length
    const last = await signedIn(core)
    await until('it shows the next', () => lines.some(line => line.includes(last.account.id)))
    t.ok(lines.length > shown)
    t.equal(new Set(lines).size, lines.length, 'none twice')
    t.notMatch(lines.join(), account.id, 'nothing of before')
    t.match(lines.at(-1), json ? /^\{"at":"20.*"event":"signed_in"/ : /^20\S+Z signed_in accountId=\S+ .*actor=user/)
    // A reader that has seen enough closes the pipe.
    child.stdout.destroy()
    await signedIn(core)
    t.same(await exited, [0, null])
  }
})
