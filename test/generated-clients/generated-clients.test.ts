import { execFile } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { adminToken, build } from '../support/build.js'
import { newPartner } from '../support/partner.js'
import { newPerson, registered } from '../support/people.js'

const run = promisify(execFile)
const cwd = fileURLToPath(new URL('.', import.meta.url))
// What these programs are is generated: nothing here counts as covered.
const env = { ...process.env, _TAPJS_PROCESSINFO_COVERAGE_: '0' }
const compiled = 'generated/compiled'
const clients = ['openapi-fetch', 'swagger-typescript-api'] as const

/** The blocks of commands in docs/clients.md that generate the clients, at these addresses. */
async function documentedCommands (addresses: Record<number, string>): Promise<string[]> {
  const guide = await readFile(new URL('../../docs/clients.md', import.meta.url), 'utf8')
  const blocks = [...guide.matchAll(/<!-- generate -->\n```bash\n(.*?)```/gs)].map(([, commands = '']) => commands)
  return blocks.map(block => Object.entries(addresses).reduce(
    (commands, [port, address]) => commands.replaceAll(`http://localhost:${port}`, address), block))
}

t.test('clients generated from a running server by the commands of docs/clients.md', async t => {
  const server = await build(t)
  const blocks = await documentedCommands({ 3000: server.api, 8000: server.tasks, 3001: server.web, 9000: server.ops })
  t.equal(blocks.length, clients.length)
  await rm(new URL('generated', import.meta.url), { recursive: true, force: true })
  await Promise.all(blocks.map(commands => run('bash', ['-ec', commands], { cwd, env })))

  t.test('pass the type check, and so does what uses them', async t => {
    const tsc = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url))
    const args = [tsc, '-p', '.', '--noEmit', 'false', '--outDir', compiled]
    const { stdout } = await run(process.execPath, args, { cwd, env }).catch((error: { stdout: string }) => error)
    t.equal(stdout, '')
  })

  for (const client of clients) {
    const use = (name: string, ...args: string[]) =>
      run(process.execPath, [`${compiled}/usage/${client}/${name}.js`, ...args], { cwd, env })

    t.test(`${client}: partner: login, validate, refresh, revoke`, async t => {
      const { email, password } = await registered(server.api)
      await t.resolves(use('partner', server.api, email, password))
    })

    t.test(`${client}: spa: register, token, me, logout`, async t => {
      const { email, password } = newPerson()
      await t.resolves(use('spa', server.api, email, password))
    })

    t.test(`${client}: tasks: signup, create, list, toggle, update, delete`, async t => {
      const { email, password } = newPerson()
      await t.resolves(use('tasks', server.tasks, email, password))
    })

    t.test(`${client}: session: sign up, list, refresh, change password, sign out`, async t => {
      const { email, password } = newPerson()
      await t.resolves(use('session', server.api, email, password))
    })

    t.test(`${client}: account: sign up, refresh, devices, profile, password, sign out`, async t => {
      const { email, password } = newPerson()
      await t.resolves(use('account', server.api, email, password))
    })

    t.test(`${client}: web: register, login, me, logout`, async t => {
      const { email, password } = newPerson()
      await t.resolves(use('web', server.web, email, password))
    })

    t.test(`${client}: oauth: token, introspect, revoke, events`, async t => {
      const { email, password } = await registered(server.api)
      const { id, secret } = await newPartner(server)
      await t.resolves(use('oauth', server.api, email, password, id, secret))
    })

    t.test(`${client}: admin: make, find, change, disable and delete an account`, async t => {
      await t.resolves(use('admin', server.ops, newPerson().email, adminToken))
    })

    t.test(`${client}: a refusal ends the program`, async t => {
      const { email } = await registered(server.api)
      await t.rejects(use('partner', server.api, email, 'wrong password'), {
        code: 1, stderr: /INVALID_CREDENTIALS: Email or password is incorrect/
      })
    })
  }
})
