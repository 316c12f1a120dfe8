import t from 'tap'
import { drivers } from './drivers.js'
import { build, databases } from '../support/build.js'
import { newPerson } from '../support/people.js'

for (const database of databases) {
  t.test(`every contract says when to try again after too many wrong passwords, on ${database}`, async t => {
    const server = await build(t, { database, settings: { signIn: { maxFailures: 3, failureWindow: 60 } } })
    for (const [contract, driver] of Object.entries(drivers(server))) {
      const person = newPerson()
      await driver.signUp(person)
      const wrong = { ...person, password: 'a wrong password' }
      for (let n = 0; n < 3; n += 1) t.not((await driver.signIn(wrong)).status, 429, `${contract}: failure ${n}`)
      const refused = await driver.signIn(person)
      t.equal(refused.status, 429, contract)
      t.ok(Number(refused.headers.get('retry-after')) > 50)
      t.equal(refused.headers.get('www-authenticate'), null)
    }
  })
}
