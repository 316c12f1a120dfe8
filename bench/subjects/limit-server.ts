import { generateKeyPairSync, sign } from 'node:crypto'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { Static } from '@sinclair/typebox'
import Fastify from 'fastify'
import {
  failures, Refreshed, RefreshTokenBody, Validated, ValidateToken
} from '../../src/contracts/partner/schemas.js'
import { Active, Introspect, TokenReply, TokenRequest } from '../../src/contracts/oauth/schemas.js'
import { unavailable } from '../../src/core/errors.js'
import { openDatabase } from '../../src/db/database.js'
import type { LimitOptions } from './limits.js'
import { selectClient, selectSession, updateSession } from './session-row.js'

/*
 * A process of its own: the least that Fastify does for requests like Keyturn's. It has Keyturn's schemas, its
 * limits and its way of opening the database, and no log.
 */

const options = JSON.parse(process.argv[2] ?? '') as LimitOptions & { port: number }
const { port, databaseUrl, poolMax, answers, clientId, keys } = options
const validated = JSON.parse(answers.validated) as Static<typeof Validated>
const refreshed = JSON.parse(answers.refreshed) as Static<typeof Refreshed>
const introspected = JSON.parse(answers.introspected) as Static<typeof Active>
const exchanged = JSON.parse(answers.exchanged) as Static<typeof TokenReply>
const [key] = keys
if (key === undefined) throw new Error('there is no session to read')
const { privateKey: signingKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const signed = Buffer.from(exchanged.access_token)
const { sql } = openDatabase({ target: { url: databaseUrl }, poolMax, toUnavailable: unavailable })

// As src/server/listener.ts has them.
const app = Fastify({
  bodyLimit: 16 * 1024,
  requestTimeout: 15_000,
  connectionTimeout: 30_000,
  keepAliveTimeout: 72_000,
  ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allErrors: true } }
}).withTypeProvider<TypeBoxTypeProvider>()

app.post('/validate-token', {
  schema: { body: ValidateToken, response: { 200: Validated, ...failures('invalid_token') } }
}, async () => validated)

app.post('/refresh-token', {
  schema: { body: RefreshTokenBody, response: { 200: Refreshed, ...failures('invalid_token') } }
}, async request => {
  const [accountId = '', sessionId = ''] = request.body.refreshToken.split(' ', 2)
  await updateSession(sql, { accountId, sessionId })
  return refreshed
})

app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
  done(null, Object.fromEntries(new URLSearchParams(String(body))))
})

app.post('/introspect', { schema: { body: Introspect, response: { 200: Active } } }, async () => {
  await selectClient(sql, clientId)
  await selectSession(sql, key)
  return introspected
})

app.post('/exchange', { schema: { body: TokenRequest, response: { 200: TokenReply } } }, async () => {
  await selectClient(sql, clientId)
  sign('sha256', signed, { key: signingKey, dsaEncoding: 'ieee-p1363' })
  return exchanged
})

await app.listen({ port, host: '127.0.0.1' })
process.on('disconnect', () => process.exit())
process.send?.('ready')
