import t from 'tap'
import { drivers } from './drivers.js'
import { build } from '../support/build.js'
import { post } from '../support/http.js'
import { newPerson } from '../support/people.js'
import type { TestServer } from '../support/build.js'

/** The sign-in of each contract, and whether its clients keep cookies. */
const signIns: Record<string, (server: TestServer) => [url: string, hasCookies: boolean]> = {
  partner: ({ api }) => [`${api}/api/auth/login`, false],
  spa: ({ api }) => [`${api}/api/auth/token`, false],
  session: ({ api }) => [`${api}/api/auth/sign-in/email`, true],
  tasks: ({ tasks }) => [`${tasks}/auth/login`, true],
  web: ({ web }) => [`${web}/auth/login`, true],
  account: ({ api }) => [`${api}/api/account/sign-in`, false]
}

t.test('in every contract a device that signed in before passes where strangers are locked out', async t => {
  const server = await build(t, { settings: { signIn: { maxFailures: 2 } } })
  for (const [contract, driver] of Object.entries(drivers(server))) {
    const [url, hasCookies] = signIns[contract]?.(server) ?? ['', false]
    const person = newPerson()
    await driver.signUp(person)
    const first = await driver.signIn(person)
    const device = first.headers.get('keyturn-device') ?? ''
    t.match(device, /^\d+\.[\w-]{22}\.[\w-]{43}$/, contract)
    const cookie = first.headers.getSetCookie().find(each => each.startsWith('keyturn_device=')) ?? ''
    t.equal(cookie, hasCookies
      ? `keyturn_device=${device}; Max-Age=34560000; Path=/; HttpOnly; SameSite=Lax`
      : '')

    for (let n = 0; n < 2; n += 1) await driver.signIn({ ...person, password: 'a wrong password' })
    t.equal((await driver.signIn(person)).status, 429, contract)
    t.equal((await post(url, person, { 'keyturn-device': device })).status, 200, `${contract}: by its header`)
    const withCookie = await post(url, person, { cookie: `keyturn_device=${device}` })
    t.equal(withCookie.status, hasCookies ? 200 : 429, `${contract}: by its cookie`)
  }
})
