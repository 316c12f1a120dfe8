import type { Sql } from 'postgres'
import t, { type Test } from 'tap'
import type { MailKind } from '../../src/db/stored-values.js'
import { contractNames, type ContractName } from '../../src/contracts/index.js'
import { example } from '../../src/http/schemas.js'
import { clientInfo } from '../support/accounts.js'
import { adminToken, build, type TestServer } from '../support/build.js'
import { mailboxOf } from '../support/mailbox.js'
import { openSql } from '../support/open-sql.js'
import { send } from '../support/http.js'
import { matchesOpenapi, readDocument, type Operation } from '../support/matches-openapi.js'
import { basic, newPartner } from '../support/partner.js'
import { until } from '../support/until.js'

/* Every request that a document shows is sent to a server, and answered as the document shows. */

interface Example {
  name: string
  method: string
  path: string
  operation: Operation
  mediaType?: string
  body?: unknown
}

/** The requests of a contract's document: one for each example of a body, one for an operation without a body. */
function requestsOf (contract: ContractName): Example[] {
  return Object.entries(readDocument(contract).paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, operation]) => {
      const name = `${method.toUpperCase()} ${path}`
      const request = { name, method: method.toUpperCase(), path, operation }
      const [mediaType, media] = Object.entries(operation.requestBody?.content ?? {})[0] ?? []
      if (mediaType === undefined || media === undefined) return [request]
      const examples = media.examples ?? { body: { value: media.example } }
      return Object.entries(examples).map(([key, { value }]) =>
        ({ ...request, name: `${name}: ${key}`, mediaType, body: value }))
    }))
}

/** What stands in a document for what only a running server can give: tokens and ids. */
type Live = Record<string, string>

const credentials = { email: example.email, password: example.password }

/** The code and the token that the documents show. */
const shownCode = '48213075'
const shownToken = 'VQ6EAOKbQdSnFkRmVUQAAHyeZ550JUDelE4H_B-QrueQ3mT1s7xkq0a9vJ2cZpVbLw8Yd5HnRiXoKfGtUeMj'
const shownChallengeId = 'bXk2dE5wS2ZBbWJyV2h5Y2xpbmc'
const newEmail = 'new@example.com'

/** The mail whose code or token a request needs, by a part of the request's path. */
const mailsFor: ReadonlyArray<readonly [part: RegExp, kind: MailKind]> = [
  [/email-verification\/confirm|verify-email/, 'verify-email'],
  [/password-reset\/confirm|reset-password/, 'reset-password'],
  [/sign-in\/code\/verify|sign-in\/email-otp/, 'sign-in-code'],
  [/link\/verify/, 'sign-in-link'],
  [/email\/confirm/, 'change-email'],
  [/email\/undo/, 'email-changed']
]

/** Asks for such a mail, and returns what stands for its code and token in the documents. */
async function mailedValues (server: TestServer, path: string, accountId: string): Promise<Live> {
  const kind = mailsFor.find(([part]) => part.test(path))?.[1]
  if (kind === undefined) return {}
  const { core: { emailLinks }, settings } = server
  const mailbox = mailboxOf(settings)
  const { email, password } = credentials
  await mailbox.clear()
  let challengeId = ''
  if (kind === 'verify-email') await emailLinks.requestVerification(email, clientInfo)
  if (kind === 'reset-password') await emailLinks.requestPasswordReset(email, clientInfo)
  if (kind === 'sign-in-code') challengeId = (await emailLinks.requestSignInCode(email, clientInfo)).challengeId
  if (kind === 'sign-in-link') await emailLinks.requestSignInLink(email, clientInfo)
  if (kind === 'change-email' || kind === 'email-changed') {
    await emailLinks.requestEmailChange({ accountId, newEmail, proof: { password } }, clientInfo)
  }
  if (kind === 'email-changed') {
    const { token } = await mailbox.next(newEmail, 'change-email')
    await emailLinks.changeEmail({ token }, clientInfo)
  }
  const { code, token } = await mailbox.next(kind === 'change-email' ? newEmail : email, kind)
  return { [shownCode]: code, [shownToken]: token, [shownChallengeId]: challengeId }
}

/** The examples' account as it was made, whatever an example did to it; its address is verified for some. */
async function restoreAccount (sql: Sql, passwordHash: string, isVerified: boolean): Promise<void> {
  await sql`
    UPDATE accounts SET email = ${example.email}, password_hash = ${passwordHash}, deletes_at = NULL,
      email_verified_at = CASE WHEN ${isVerified} THEN now() END`
  await sql`UPDATE mail_counts SET ends_at = now()`
  await sql`DELETE FROM challenges`
  await sql`DELETE FROM mails`
}

const shownStreamId = readDocument('oauth').paths['/ssf/streams']?.delete?.parameters?.[0]?.example

/** The event stream of the documents, for all requests but the one that creates it. */
async function restoreStream (sql: Sql, { method, path }: Example, clientId: string): Promise<void> {
  await sql`DELETE FROM event_streams`
  if (method === 'POST' && path === '/ssf/streams') return
  await sql`INSERT INTO event_streams (client_id, id) VALUES (${clientId}, ${String(shownStreamId)})`
}

const shownClientId = readDocument('admin').paths['/admin/clients/{id}']?.get?.parameters?.[0]?.example

const ofDelivery = readDocument('admin').paths['/admin/webhooks/{id}/deliveries/{did}/replay']?.post?.parameters
const [shownWebhookId, shownEventId] = ['id', 'did'].map(name =>
  ofDelivery?.find(parameter => parameter.name === name)?.example)

const shownImportId = readDocument('admin').paths['/admin/imports/{id}']?.get?.parameters?.[0]?.example
const importSource = { source: 'users.csv', format: 'csv', fingerprint: Buffer.from('of its bytes') }

/** The examples' account, a client, a webhook and an import for operators, whatever an example did to those before. */
async function managedValues (server: TestServer, sql: Sql): Promise<Live> {
  await until('no example is being imported', async () =>
    (await sql`SELECT FROM imports WHERE finished_at IS NULL AND source <> ${importSource.source}`).length === 0)
  await sql`DELETE FROM accounts`
  await sql`DELETE FROM account_identifiers`
  const { webhooks } = server.core
  const { id } = await server.core.accounts.register({ ...credentials, minPasswordLength: 8 }, clientInfo)
  const url = 'https://hooks.example.com/'
  const { webhook } = await webhooks.add({ url, description: null, eventTypes: ['account_deleted'] }, clientInfo)
  await webhooks.change(webhook.id, { isEnabled: false }, clientInfo)
  return {
    [example.id]: id,
    [String(shownClientId)]: (await newPartner(server)).id,
    [String(shownWebhookId)]: webhook.id,
    [String(shownEventId)]: await webhooks.sendTest(webhook.id),
    [String(shownImportId)]: await server.core.imports.begin(importSource, clientInfo)
  }
}

/** A new session of the examples' account, made beside the contract. */
async function liveValues ({ core }: TestServer, contract: ContractName): Promise<Live> {
  const known = await core.accounts.findByEmail(example.email)
  if (known === null) return {}
  const refreshable = await core.signIn.withPassword(
    credentials, contract === 'account' ? 'account' : 'partner', clientInfo)
  const { accessToken, account } = contract === 'session'
    ? await core.signIn.withPassword(credentials, 'session', clientInfo)
    : refreshable
  const [session] = await core.sessions.list(account.id)
  const task = await core.tasks.create(account.id, 'Buy groceries')
  const taskExample = readDocument('tasks').paths['/tasks/{task_id}']?.put?.parameters?.[0]?.example
  return {
    [example.accessToken]: accessToken,
    [example.refreshToken]: refreshable.refreshToken,
    [example.sessionId]: session?.id ?? '',
    [String(taskExample)]: task.id
  }
}

const withLive = <T>(value: T, live: Live): T => Object.entries(live).reduce(
  (value, [shown, real]) => JSON.parse(JSON.stringify(value).replaceAll(shown, real)) as T, value)

/** A body as its media type has it. */
function encode (body: unknown, mediaType: string | undefined): string | URLSearchParams {
  if (mediaType === 'application/x-www-form-urlencoded') return new URLSearchParams(body as Record<string, string>)
  return mediaType === 'application/x-ndjson' ? body as string : JSON.stringify(body)
}

function sendExample (
  base: string, { method, path, operation, mediaType, body }: Example, live: Live, headers: Record<string, string>
) {
  const query = new URLSearchParams()
  let target = path
  for (const { name, in: place, example } of operation.parameters ?? []) {
    if (place === 'query') query.set(name, String(withLive(example, live)))
    else target = target.replace(`{${name}}`, String(withLive(example, live)))
  }
  const sent = body === undefined ? undefined : withLive(body, live)
  return send(`${base}${target}${query.size > 0 ? `?${query}` : ''}`, {
    method,
    ...(sent !== undefined && { body: encode(sent, mediaType) }),
    headers: { ...(mediaType !== undefined && { 'content-type': mediaType }), ...headers }
  })
}

/** The credentials that the operation asks for. */
function credentialsFor ({ security = [] }: Operation, live: Live, client: Record<string, string>) {
  const schemes = security.flatMap(scheme => Object.keys(scheme))
  if (schemes.includes('client_secret_basic')) return client
  if (schemes.includes('operator')) return { authorization: `Bearer ${adminToken}` }
  return schemes.includes('bearer') ? { authorization: `Bearer ${live[example.accessToken]}` } : {}
}

async function runExamples (t: Test, contract: ContractName): Promise<void> {
  // The examples of every contract have the same email.
  const server = await build(t, { ownDatabase: true })
  const { tasks, web, ops } = server
  const base = { tasks, web, ops, admin: ops }[contract as string] ?? server.api
  // These two have no sign-up.
  if (contract === 'partner' || contract === 'oauth') {
    await server.core.accounts.register({ ...credentials, name: example.name, minPasswordLength: 8 }, clientInfo)
  }
  const partner = await newPartner(server)
  const client = basic(partner)
  const sql = openSql(t, server.settings)
  let passwordHash: string | undefined
  for (const request of requestsOf(contract)) {
    const managed = contract === 'admin' ? await managedValues(server, sql) : {}
    const { name, method, path, operation } = request
    const [account] = await sql<{ id: string, hash: string }[]>`SELECT id, password_hash AS hash FROM accounts LIMIT 1`
    passwordHash ??= account?.hash
    if (passwordHash !== undefined) await restoreAccount(sql, passwordHash, path.endsWith('/undo'))
    await restoreStream(sql, request, partner.id)
    const live = {
      'https://auth.example.com': server.settings.issuer,
      ...managed,
      ...await liveValues(server, contract),
      ...account !== undefined && await mailedValues(server, path, account.id)
    }
    const reply = await sendExample(base, request, live, credentialsFor(operation, live, client))
    const success = Object.keys(operation.responses).map(Number).find(status => status < 300)
    t.equal(reply.status, success, `${name}: ${reply.text.slice(0, 200)}`)
    if (reply.status !== 204) matchesOpenapi(t, contract, `${method} ${path}`, reply)
  }
}

for (const contract of contractNames) {
  t.test(`the examples of ${contract} run`, async t => runExamples(t, contract))
}
