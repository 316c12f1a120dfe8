// A service that verifies Keyturn's access tokens locally, and still rejects a revoked session within a second.
//
//   KEYTURN_URL=http://localhost:3000 CLIENT_ID=… CLIENT_SECRET=… PORT=4000 node local-verification.mjs
import { createServer } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { createRemoteJWKSet, errors, jwtVerify } from 'jose'
import { LRUCache } from 'lru-cache'

const { KEYTURN_URL: issuer, CLIENT_ID: id, CLIENT_SECRET: secret, PORT: port } = process.env
const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`))

/** Users' tokens have the first unless ACCESS_TOKEN_TYP says otherwise; those of /oauth/token have the second. */
const accessTokenTypes = new Set(['JWT', 'at+jwt'])

/** Sessions known to be live, with their account; an event removes them. */
const live = new LRUCache({ max: 100_000 })
/** Counts polls. A response requested before the last one is not cached: an event may have arrived in between. */
let polls = 0
/** While polling fails, nothing is cached and every request is introspected. */
let polling = false

/** The claims of a valid token, `null` for any other. Throws when validity cannot be determined. */
async function check (token) {
  let claims
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keys, { issuer, audience: issuer })
    if (!accessTokenTypes.has(protectedHeader.typ)) return null
    claims = payload
  } catch (error) {
    if (error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout)) return null
    throw error
  }
  if (live.has(claims.sid)) return claims

  const before = polls
  const response = await fetch(`${issuer}/oauth/introspect`, {
    method: 'POST', headers: { authorization }, body: new URLSearchParams({ token }), signal: AbortSignal.timeout(5_000)
  })
  if (!response.ok) throw new Error(`introspection: ${response.status}`)
  const { active } = await response.json()
  if (!active) return null
  if (polling && polls === before) live.set(claims.sid, claims.sub)
  return claims
}

/** Evicts the session that an event names, or all sessions of its account. */
async function apply (event) {
  const { payload } = await jwtVerify(event, keys, { issuer, typ: 'secevent+jwt' })
  const { session, user = payload.sub_id } = payload.sub_id
  if (session !== undefined) live.delete(session.id)
  else for (const [sid, sub] of live.entries()) if (sub === user.sub) live.delete(sid)
}

/** Polls for events until the process ends; each poll acknowledges the events of the one before. */
async function poll () {
  for (let ack = []; ; await delay(polling ? 0 : 1_000)) {
    try {
      const response = await fetch(`${issuer}/oauth/events`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify({ ack, returnImmediately: !polling }),
        signal: AbortSignal.timeout(15_000)
      })
      if (!response.ok) throw new Error(`events: ${response.status}`)
      const { sets } = await response.json()
      polls += 1
      await Promise.all(Object.values(sets).map(apply))
      ack = Object.keys(sets)
      polling = true
    } catch (error) {
      console.error(error.message)
      polling = false
      polls += 1
      live.clear()
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
await poll()
