// A service that checks Keyturn's access tokens by itself, and still refuses a session within a second of its end.
//
//   KEYTURN_URL=http://localhost:3000 CLIENT_ID=… CLIENT_SECRET=… PORT=4000 node local-verification.mjs
import { createServer } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { createRemoteJWKSet, errors, jwtVerify } from 'jose'
import { LRUCache } from 'lru-cache'

const { KEYTURN_URL: issuer, CLIENT_ID: id, CLIENT_SECRET: secret, PORT: port } = process.env
const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`))

/** Sessions that Keyturn said are alive, with their account; an event removes them. */
const alive = new LRUCache({ max: 100_000 })
/** What was asked before this number changed is not remembered: an event may have come in between. */
let heard = 0
/** While Keyturn cannot be heard, nothing is remembered, and every request asks. */
let listening = false

/** The claims of a good token, `null` for any other. Throws when it cannot be told. */
async function check (token) {
  let claims
  try {
    claims = (await jwtVerify(token, keys, { issuer, audience: issuer, typ: 'JWT' })).payload
  } catch (error) {
    if (error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout)) return null
    throw error
  }
  if (alive.has(claims.sid)) return claims

  const before = heard
  const response = await fetch(`${issuer}/oauth/introspect`, {
    method: 'POST', headers: { authorization }, body: new URLSearchParams({ token }), signal: AbortSignal.timeout(5_000)
  })
  if (!response.ok) throw new Error(`introspection: ${response.status}`)
  const { active } = await response.json()
  if (!active) return null
  if (listening && heard === before) alive.set(claims.sid, claims.sub)
  return claims
}

/** Forgets the session that an event is about, or all sessions of its account. */
async function take (event) {
  const { payload } = await jwtVerify(event, keys, { issuer, typ: 'secevent+jwt' })
  const { session, user = payload.sub_id } = payload.sub_id
  if (session !== undefined) alive.delete(session.id)
  else for (const [sid, sub] of alive.entries()) if (sub === user.sub) alive.delete(sid)
}

/** Asks for events for ever; each answer acknowledges the one before. */
async function listen () {
  for (let ack = []; ; await delay(listening ? 0 : 1_000)) {
    try {
      const response = await fetch(`${issuer}/oauth/events`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify({ ack, returnImmediately: !listening }),
        signal: AbortSignal.timeout(15_000)
      })
      if (!response.ok) throw new Error(`events: ${response.status}`)
      const { sets } = await response.json()
      heard += 1
      await Promise.all(Object.values(sets).map(take))
      ack = Object.keys(sets)
      listening = true
    } catch (error) {
      console.error(error.message)
      listening = false
      heard += 1
      alive.clear()
    }
  }
}

const server = createServer(async (request, response) => {
  const [, token] = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '') ?? []
  try {
    const claims = token === undefined ? null : await check(token)
    response.statusCode = claims === null ? 401 : 200
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(claims === null ? { error: 'sign in first' } : { hello: claims.email }))
  } catch (error) {
    console.error(error.message)
    response.writeHead(503, { 'retry-after': '1' }).end()
  }
})

server.listen(Number(port), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))
await listen()
