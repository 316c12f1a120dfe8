import { randomBytes } from 'node:crypto'
import t from 'tap'
import { drivers } from './drivers.js'
import { ageRotations } from '../support/age-rotations.js'
import { dump, openSql } from '../support/open-sql.js'
import { build, databases } from '../support/build.js'
import { post, type Reply } from '../support/http.js'
import { loggedIn, newPerson, registered } from '../support/people.js'
import { claimsOf } from '../support/set-cookie.js'

/** How a secret could be written down: as it is, as a part of it, or as the bytes it stands for. */
function spellings (secret: string): string[] {
  const bytes = Buffer.from(secret)
  const parts = secret.split(/[._]/).filter(part => part.length > 20)
  const meant = parts.map(part => Buffer.from(part, 'base64url'))
  return [
    secret, encodeURIComponent(secret), bytes.toString('hex'), bytes.toString('base64'), bytes.toString('base64url'),
    // The first part of a token is its header, which is no secret.
    ...parts.slice(parts.length > 1 ? 1 : 0), ...meant.slice(parts.length > 1 ? 1 : 0).map(each => each.toString('hex'))
  ]
}

for (const database of databases) {
  t.test(`no secret that was ever used is in the log or in the database, on ${database}`, async t => {
    const newSecret = () => randomBytes(48).toString('base64url')
    const given = { current: newSecret(), sharedSecret: newSecret() }
    const { current, sharedSecret } = given
    const server = await build(t, { database, settings: { secrets: { current }, keys: { sharedSecret } } })
    const secrets = new Set<string>(Object.values(given))
    const keep = (reply: Reply) => {
      for (const cookie of reply.headers.getSetCookie()) secrets.add(/=([^;]*)/.exec(cookie)?.[1] ?? '')
    }

    for (const driver of Object.values(drivers(server))) {
      const person = newPerson()
      keep(await driver.signUp(person))
      const signedIn = await driver.signIn(person)
      keep(signedIn)
      const token = driver.tokenOf(signedIn)
      secrets.add(token).add(person.password)
      await driver.callProtected(token)
      const wrong = `wrong ${person.password}`
      secrets.add(wrong)
      await driver.signIn({ ...person, password: wrong })
      await driver.callProtected(`${token}x`)
      await driver.signOut(token)
      await driver.callProtected(token)
    }

    const person = await registered(server.api)
    secrets.add(person.password)
    let { token, refreshToken } = await loggedIn(server.api, person)
    const first = refreshToken
    for (let step = 0; step < 3; step += 1) {
      secrets.add(token).add(refreshToken)
      const { body } = await post(`${server.api}/api/auth/refresh-token`, { refreshToken })
      ;({ token, refreshToken } = body.data)
    }
    secrets.add(token).add(refreshToken)
    await ageRotations(openSql(t, server.settings), String(claimsOf(token).sid), 10)
    t.equal((await post(`${server.api}/api/auth/refresh-token`, { refreshToken: first })).status, 401, 'reuse')
    await post(`${server.api}/api/auth/refresh-token?refreshToken=${refreshToken}`, `{"refreshToken":"${refreshToken}`)

    secrets.delete('')
    const written = server.log.join('') + await dump(openSql(t, server.settings))
    t.match(written, person.email, 'it is the right log and database')
    const found = [...secrets].flatMap(spellings).filter(spelling => written.includes(spelling))
    t.same(found, [], `${secrets.size} secrets`)
  })
}
