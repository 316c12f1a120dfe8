import { readdir, readFile } from 'node:fs/promises'
import t from 'tap'
import { contractNames } from '../../src/contracts/index.js'
import { describeContract } from '../../src/server/openapi.js'
import { readDocument } from '../support/matches-openapi.js'

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

t.test('every route says what it can answer', async t => {
  for (const { contract, name, operation } of operations) {
    const { requestBody, security = [], responses } = operation
    const statuses = Object.keys(responses)
    t.ok(statuses.some(status => /^20[014]$/.test(status)), `${name}: success`)
    if (contract !== 'ops') for (const status of ['500', '503']) t.ok(statuses.includes(status), `${name}: ${status}`)
    if (requestBody !== undefined) {
      t.ok(statuses.includes('400') || statuses.includes('422'), `${name}: 400 or 422`)
      for (const status of ['413', '415']) t.ok(statuses.includes(status), `${name}: ${status}`)
    }
    const needsToken = security.length > 0 && !security.some(scheme => Object.keys(scheme).length === 0)
    // Not to be signed in is an answer of get-session, not a refusal.
    if (needsToken && operation.operationId !== 'getSession') t.ok(statuses.includes('401'), `${name}: 401`)
  }
})

/** Of answers that are no JSON. */
const otherTypes: Record<string, string> = { 'ops: get /metrics': 'text/plain' }

t.test('every answer has a description and, if it has a body, a schema of its type', async t => {
  for (const { name, operation } of operations) {
    for (const [status, { description = '', content }] of Object.entries(operation.responses)) {
      t.ok(description.length > 0 && description !== 'Default Response', `${name} ${status}: description`)
      if (['204', '304'].includes(status)) continue
      t.same(Object.keys(content ?? {}), [otherTypes[name] ?? 'application/json'], `${name} ${status}: content`)
    }
  }
})

t.test('every route has a summary and a name of its own among all contracts', async t => {
  const names = operations.map(({ operation }) => operation.operationId)
  t.equal(new Set(names).size, operations.length)
  t.notOk(names.includes(undefined))
  for (const { name, operation } of operations) t.ok(operation.summary, name)
})
