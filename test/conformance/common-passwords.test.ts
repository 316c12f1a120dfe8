import t from 'tap'
import { build } from '../support/build.js'
import { post, type Reply } from '../support/http.js'
import { newPerson } from '../support/people.js'
import type { TestServer } from '../support/build.js'

/** The routes on which anyone makes an account. */
const signUps: Record<string, (server: TestServer) => string> = {
  session: ({ api }) => `${api}/api/auth/sign-up/email`,
  spa: ({ api }) => `${api}/api/auth/register`,
  tasks: ({ tasks }) => `${tasks}/auth/signup`,
  web: ({ web }) => `${web}/auth/register`
}

async function signUp (server: TestServer, contract: string, password: string): Promise<Reply> {
  return post(signUps[contract]?.(server) ?? '', { name: 'Somebody', ...newPerson(), password })
}

t.test('sign-up refuses a common password where no document of a contract uses one', async t => {
  const server = await build(t)
  const { status, body } = await signUp(server, 'session', 'password123')
  t.match({ status, body }, { status: 400, body: { code: 'PASSWORD_COMMON' } })
  for (const contract of ['spa', 'tasks', 'web']) {
    t.equal((await signUp(server, contract, 'password123')).status, 201, contract)
  }
})

t.test('with PASSWORD_BLOCKLIST=all it is refused everywhere, in the shape of each contract', async t => {
  const server = await build(t, { settings: { passwordRules: { blocklist: 'all' } } })
  const refusals = { session: 400, spa: 422, tasks: 422, web: 400 }
  for (const [contract, status] of Object.entries(refusals)) {
    const refused = await signUp(server, contract, 'password123')
    t.equal(refused.status, status, contract)
    t.match(refused.text, /one of the most used/)
    t.match((await signUp(server, contract, 'correct horse battery')).status, /^20[01]$/, contract)
  }
})

t.test('SPA_MIN_PASSWORD raises the six characters of contract spa', async t => {
  const server = await build(t, { settings: { passwordRules: { spaMinLength: 12 } } })
  t.match(await signUp(server, 'spa', 'elevenchars'), { status: 422 })
  t.match(await signUp(server, 'spa', 'twelve chars'), { status: 201 })
})
