import { readFile } from 'node:fs/promises'
import t from 'tap'
import { contractNames, contracts, type ContractName } from '../../src/contracts/index.js'
import { tokenErrorReasons } from '../../src/core/errors.js'
import type { FailureCode } from '../../src/http/failure.js'
import { failureDefaults } from '../../src/http/failure-defaults.js'
import { listenerFailures } from '../../src/http/failure-schemas.js'
import { readDocument } from '../support/matches-openapi.js'

const text = await readFile(new URL('../../docs/errors.md', import.meta.url), 'utf8')

type Table = Map<string, string[]>

/** The tables of a section: for each, its rows by their first cell. */
function tablesOf (heading: string): Table[] {
  const section = text.split(/^## /m).find(part => part.startsWith(`${heading}\n`)) ?? ''
  return section.split(/\n(?!\|)/).map(block => block.trim()).filter(block => block.includes('\n|--')).map(block => {
    const rows = block.slice(block.indexOf('\n|--')).split('\n').slice(2).map(row => row.split('|').slice(1, -1))
    return new Map(rows.map(cells => cells.map(cell => cell.trim().replaceAll('`', '')))
      .map(([first = '', ...rest]) => [first, rest]))
  })
}

/** The failures that the routes of a contract declare, and their further codes: each has an example in the document. */
function declaredBy (contract: ContractName): { failures: FailureCode[], codes: string[] } {
  const operations = Object.values(readDocument(contract).paths).flatMap(methods => Object.values(methods))
  const media = operations.flatMap(({ responses }) => Object.entries(responses)
    .filter(([status]) => Number(status) >= 400)
    .flatMap(([, { content = {} }]) => Object.values(content)))
  const names = [...new Set(media.flatMap(({ examples = {} }) => Object.keys(examples)))]
  const ofListener: readonly FailureCode[] = listenerFailures
  const failures = (Object.keys(failureDefaults) as FailureCode[]).filter(code => !ofListener.includes(code))
  return {
    failures: failures.filter(code => names.includes(code)), codes: names.filter(name => !(name in failureDefaults))
  }
}

/** What the documented row of a failure says, put together from what the contract would send. */
function rowOf (contract: ContractName, code: FailureCode): string[] {
  const { status, body } = contracts[contract].render({ code })
  return [String(status), ...cellsOf(body, code)]
}

function cellsOf (body: object, code: FailureCode): string[] {
  const { success, error, ...members } = { success: undefined, error: undefined, ...body }
  if (success !== undefined) {
    const { code: name, reason, retryable, message } = error as unknown as Record<string, string | boolean>
    if (reason === undefined) return [String(name), String(message)]
    const dependsOnToken = code === 'invalid_token' || code === 'invalid_refresh_token'
    const reasonCell = dependsOnToken ? 'see below' : String(reason)
    return [String(name), reasonCell, retryable === true ? 'yes' : 'no', String(message)]
  }
  const values: unknown[] = error === undefined ? Object.values(members) : [error, ...Object.values(members)]
  return values.map(value => typeof value === 'string' ? value : 'a list; see below')
}

t.test('docs/errors.md lists for each contract what its routes declare, and nothing else', async t => {
  for (const contract of contractNames) {
    const [rows = new Map<string, string[]>()] = tablesOf(`\`${contract}\``)
    const { failures: codes } = declaredBy(contract)
    t.same([...rows.keys()].sort(), [...codes].sort(), `${contract}: the failures`)
    for (const code of codes) t.same(rows.get(code), rowOf(contract, code), `${contract}: ${code}`)
  }
})

t.test('docs/errors.md lists what a listener refuses before a route', async t => {
  const [rows = new Map<string, string[]>()] = tablesOf('Before a route')
  t.same([...rows.keys()].sort(), [...listenerFailures].sort())
  for (const code of listenerFailures) {
    const [status, ...cells] = rows.get(code) ?? []
    const shown = contractNames.map(contract => rowOf(contract, code))
    t.same(shown.map(([each]) => each), contractNames.map(() => status), `${code}: status`)
    t.same(shown.map(row => row.at(-1)), contractNames.map(() => cells.at(-1)), `${code}: message`)
    const named = shown.filter(row => row.length > 2).map(([, name, reason]) => [name, reason])
    t.same(cells.slice(0, -1), [...named[0] ?? [], ...named.slice(1).map(([name]) => name)], `${code}: codes`)
  }
})

t.test('the codes of a document are those of its failures', async t => {
  for (const contract of contractNames) {
    const { ErrorCode } = readDocument(contract).components.schemas
    if (ErrorCode === undefined) continue
    const { failures, codes } = declaredBy(contract)
    const names = [...failures, ...listenerFailures].map(code => rowOf(contract, code)[1])
    t.same(ErrorCode.enum, [...new Set([...names, ...codes])].sort(), contract)
    if (contract === 'session') t.same([...tablesOf('`session`')[1]?.keys() ?? []].sort(), codes.sort())
  }
})

t.test('docs/errors.md explains every reason for which a token is refused', async t => {
  const [, reasons] = tablesOf('`partner`')
  t.same([...reasons?.keys() ?? []].sort(), [...tokenErrorReasons].sort())
})

t.test('docs/errors.md has a section for every contract, and for no other', async t => {
  const sections = [...text.matchAll(/^## `(\w+)`$/gm)].map(([, name]) => name)
  t.same(sections.sort(), [...contractNames].sort())
})
