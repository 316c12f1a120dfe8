import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { Static } from '@sinclair/typebox'
import Fastify from 'fastify'
import {
  failures, Refreshed, RefreshTokenBody, Validated, ValidateToken
} from '../src/contracts/partner/schemas.js'
import { openDatabase } from '../src/db/client.js'
import type { LimitOptions } from './limits.js'
import { updateSession } from './session-row.js'

/*
 * A process of its own: the least that Fastify does for requests like Keyturn's. It has Keyturn's schemas, its
 * limits and its way of opening the database, and no log.
 */

const { port, databaseUrl, poolMax, answers } = JSON.parse(process.argv[2] ?? '') as LimitOptions & { port: number }
const validated = JSON.parse(answers.validated) as Static<typeof Validated>
const refreshed = JSON.parse(answers.refreshed) as Static<typeof Refreshed>
const { sql } = openDatabase({ target: { url: databaseUrl }, poolMax })

// As src/listener.ts has them.
const app = Fastify({
  bodyLimit: 16 * 1024,
  requestTimeout: 15_000,
  connectionTimeout: 30_000,
  keepAliveTimeout: 72_000,
  ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allErrors: true } }
}).withTypeProvider<TypeBoxTypeProvider>()

app.post('/validate-token', {
  schema: { body: ValidateToken, response: { 200: Validated, ...failures(401) } }
}, async () => validated)

app.post('/refresh-token', {
  schema: { body: RefreshTokenBody, response: { 200: Refreshed, ...failures(401) } }
}, async request => {
  const [accountId = '', sessionId = ''] = request.body.refreshToken.split(' ', 2)
  await updateSession(sql, { accountId, sessionId })
  return refreshed
})

await app.listen({ port, host: '127.0.0.1' })
process.on('disconnect', () => process.exit())
process.send?.('ready')
