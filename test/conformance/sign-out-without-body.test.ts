import t from 'tap'
import { build } from '../support/build.js'
import { post } from '../support/http.js'
import { loggedIn, newPerson, registered } from '../support/people.js'
import { drivers } from './drivers.js'

/* Clients set a content type of their own on a request without a body: axios a form's, others JSON's, fetch none. */

const contentTypes = {
  'as axios does': { 'content-type': 'application/x-www-form-urlencoded' },
  'as a form with a charset': { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' },
  'as JSON': { 'content-type': 'application/json' },
  'as fetch does': {}
}

const server = await build(t)
const { partner: _, ...others } = drivers(server)

for (const [contract, driver] of Object.entries(others)) {
  t.test(`${contract}: a sign-out without a body is taken, whatever content type it has`, async t => {
    for (const [name, headers] of Object.entries(contentTypes)) {
      const person = newPerson()
      await driver.signUp(person)
      const token = driver.tokenOf(await driver.signIn(person))
      t.equal(driver.isGood(await driver.callProtected(token)), true)
      t.ok((await driver.signOut(token, headers)).status < 300, name)
      t.equal(driver.isGood(await driver.callProtected(token)), false, `${name}: it has ended the session`)
    }
  })
}

t.test('a form is refused with 415 where a body is required, and where it is not empty', async t => {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const { token } = await loggedIn(server.api, await registered(server.api))
  for (const [path, body] of [['login', ''], ['login', 'email=a'], ['sign-out', 'a=b'], ['logout', 'a=b']] as const) {
    const reply = await fetch(`${server.api}/api/auth/${path}`, {
      method: 'POST', headers: { ...headers, authorization: `Bearer ${token}` }, body
    })
    t.equal(reply.status, 415, `${path} ${body}`)
  }
  t.equal((await post(`${server.api}/api/auth/validate-token`, { token })).status, 200, 'nothing has ended')
})
