import { readdir, readFile } from 'node:fs/promises'
import t from 'tap'
import { contractNames } from '../../src/contracts/index.js'
import { describeContract } from '../../src/server/openapi.js'
import { problemsOf, readDocument } from '../support/matches-openapi.js'

const folder = new URL('../../openapi/', import.meta.url)

/** Every operation of every contract, under its method and path. */
const operations = contractNames.flatMap(contract =>
  Object.entries(readDocument(contract).paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) =>
      ({ contract, name: `${contract}: ${method} ${path}`, operation }))))

t.test('openapi/ has what the routes say, for every contract: else run "npm run openapi"', async t => {
  for (const name of contractNames) {
    const committed = await readFile(new URL(`${name}.json`, folder), 'utf8')
    t.equal(committed, `${JSON.stringify(await describeContract(name), null, 2)}\n`, name)
  }
  t.same((await readdir(folder)).sort(), contractNames.map(name => `${name}.json`).sort(), 'and nothing else')
})

t.test('every operation says what it can answer', async t => {
  for (const { contract, name, operation } of operations) {
    const { requestBody, security = [], responses } = operation
    const statuses = Object.keys(responses)
    t.ok(statuses.some(status => /^20[0124]$/.test(status)), `${name}: success`)
    t.ok(statuses.some(status => status.startsWith('4')), `${name}: refusal`)
    if (contract !== 'ops') for (const status of ['500', '503']) t.ok(statuses.includes(status), `${name}: ${status}`)
    for (const status of ['413', '415']) {
      t.equal(statuses.includes(status), requestBody !== undefined, `${name}: ${status} if there is a body`)
    }
    if (requestBody !== undefined) t.ok(statuses.includes('400') || statuses.includes('422'), `${name}: 400 or 422`)
    const needsCredentials = security.length > 0 && !security.some(scheme => Object.keys(scheme).length === 0)
    if (needsCredentials) t.ok(statuses.includes('401'), `${name}: 401`)
  }
})

t.test('optional bodies and optional credentials are shown as such', async t => {
  const isOptional = ({ security = [] }: typeof operations[number]['operation']) =>
    security.some(scheme => Object.keys(scheme).length === 0)
  t.same(operations.filter(({ operation }) => operation.requestBody?.required === false).map(({ name }) => name), [
    'session: post /api/auth/refresh', 'session: post /api/auth/sign-out',
    'session: post /api/auth/revoke-sessions', 'session: post /api/auth/revoke-other-sessions',
    'session: post /api/auth/delete-user',
    'spa: post /api/auth/logout', 'tasks: post /auth/logout', 'web: post /auth/logout',
    'account: post /api/account/sign-out', 'account: post /api/account/email-verification',
    'admin: post /admin/accounts/{id}/disable', 'admin: post /admin/accounts/{id}/enable',
    'admin: post /admin/accounts/{id}/send-reset', 'admin: post /admin/accounts/{id}/require-reset',
    'admin: post /admin/accounts/{id}/end-sessions',
    'admin: post /admin/clients/{id}/rotate-secret', 'admin: post /admin/keys/rotate'
  ])
  t.same(operations.filter(({ operation }) => isOptional(operation)).map(({ name }) => name), [
    'session: post /api/auth/sign-out', 'session: get /api/auth/get-session',
    'spa: post /api/auth/logout', 'web: post /auth/logout',
    'oauth: post /oauth/token', 'oauth: post /oauth/introspect', 'oauth: post /oauth/revoke',
    'oauth: post /oauth/events', 'oauth: post /ssf/streams', 'oauth: patch /ssf/streams',
    'oauth: post /ssf/streams/status', 'oauth: post /ssf/verify', 'oauth: post /ssf/subjects/add',
    'oauth: post /ssf/subjects/remove', 'account: post /api/account/sign-out',
    'account: post /api/account/email-verification', 'account: post /api/account/email/confirm'
  ])
})

t.test('every contract names its credentials in securitySchemes', async t => {
  const schemes = contractNames.map(name => [name, Object.keys(readDocument(name).components.securitySchemes)])
  t.same(Object.fromEntries(schemes), {
    partner: [],
    session: ['bearer', 'session'],
    spa: ['bearer'],
    tasks: ['bearer', 'auth_token'],
    web: ['bearer', 'token'],
    oauth: ['client_secret_basic', 'client_token'],
    account: ['bearer'],
    ops: [],
    admin: ['operator']
  })
})

/** Of answers that are not JSON alone. */
const otherTypes: Record<string, string[]> = {
  'ops: get /metrics 200': ['text/plain'],
  'admin: get /admin/audit 200': ['application/json', 'application/x-ndjson'],
  'admin: get /admin/imports/{id}/report 200': ['application/x-ndjson'],
  'admin: get /admin/export/accounts 200': ['application/x-ndjson', 'text/csv']
}

t.test('every answer has a description and, if it has a body, a schema of its type', async t => {
  for (const { name, operation } of operations) {
    for (const [status, { description = '', content }] of Object.entries(operation.responses)) {
      t.ok(description.length > 0 && description !== 'Default Response', `${name} ${status}: description`)
      if (['204', '304'].includes(status)) continue
      const types = otherTypes[`${name} ${status}`] ?? ['application/json']
      t.same(Object.keys(content ?? {}), types, `${name} ${status}: content`)
    }
  }
})

t.test('every operation has a summary, a description and a name of its own among all contracts', async t => {
  t.equal(new Set(operations.map(({ operation }) => operation.operationId)).size, operations.length)
  for (const { name, operation: { operationId, summary = '', description = '' } } of operations) {
    t.match(operationId, /^[a-z][A-Za-z]+$/, name)
    t.ok(summary.length > 0 && !summary.endsWith('.'), `${name}: summary`)
    t.match(description, /^[A-Z].{20,}\.$/, `${name}: description`)
  }
})

t.test('every body has an example, which its schema allows', async t => {
  for (const { contract, name, operation: { requestBody, responses } } of operations) {
    const bodies = { request: requestBody, ...responses }
    for (const [part, body] of Object.entries(bodies)) {
      for (const { schema, example, examples = {} } of Object.values(body?.content ?? {})) {
        const values = example === undefined ? Object.values(examples).map(({ value }) => value) : [example]
        t.ok(values.length > 0, `${name} ${part}: example`)
        for (const value of values) t.equal(problemsOf(contract, schema, value), null, `${name} ${part}: valid`)
      }
    }
  }
})

t.test('every object that is sent or answered is a component, or a list of one', async t => {
  for (const { name, operation: { requestBody, responses } } of operations) {
    for (const body of [requestBody, ...Object.values(responses)]) {
      for (const { schema } of Object.values(body?.content ?? {})) {
        const { properties = {} } = schema as { properties?: object }
        t.same(properties, {}, `${name}: ${JSON.stringify(schema)}`)
      }
    }
  }
  t.same(contractNames.map(name => Object.keys(readDocument(name).components.schemas).includes('Error')),
    contractNames.map(() => true))
})
