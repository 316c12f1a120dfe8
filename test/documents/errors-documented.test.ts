import { readFile } from 'node:fs/promises'
import t from 'tap'
import { contractNames, contracts, type ContractName } from '../../src/contracts/index.js'
import { authErrorCodes, type TokenErrorReason } from '../../src/core/errors.js'
import { httpFailureCodes, type FailureCode } from '../../src/http/failure.js'

const text = await readFile(new URL('../../docs/errors.md', import.meta.url), 'utf8')

const faults = {
  malformed: true,
  bad_signature: true,
  wrong_audience: true,
  unknown: true,
  expired: true,
  signed_out: true,
  revoked: true,
  reused: true
} satisfies Record<TokenErrorReason, true>

/** The tables of a contract's section: for each, its rows by their first cell. */
function tablesOf (contract: ContractName): Array<Map<string, string[]>> {
  const [, section = ''] = text.split(/^## /m).map(part => `${part}\n`).flatMap((part, _, parts) =>
    part.startsWith(`\`${contract}\`\n`) ? [parts[0] ?? '', part] : [])
  return section.split(/\n(?!\|)/).map(block => block.trim()).filter(block => block.includes('\n|--')).map(block => {
    const rows = block.slice(block.indexOf('\n|--')).split('\n').slice(2).map(row => row.split('|').slice(1, -1))
    return new Map(rows.map(cells => cells.map(cell => cell.trim().replaceAll('`', '')))
      .map(([first = '', ...rest]) => [first, rest]))
  })
}

/** What the documented row of a refusal says, put together from what the contract would send. */
function rowOf (contract: ContractName, code: FailureCode): string[] {
  const { status, body } = contracts[contract].render({ code })
  return [String(status), ...cellsOf(body, code)]
}

function cellsOf (body: object, code: FailureCode): string[] {
  const { success, error, ...members } = { success: undefined, error: undefined, ...body }
  if (success !== undefined) {
    const { code: name, reason, retryable, message } = error as unknown as Record<string, string | boolean>
    if (reason === undefined) return [String(name), String(message)]
    const dependsOnFault = code === 'invalid_token' || code === 'invalid_refresh_token'
    const reasonCell = dependsOnFault ? 'see below' : String(reason)
    return [String(name), reasonCell, retryable === true ? 'yes' : 'no', String(message)]
  }
  const values: unknown[] = error === undefined ? Object.values(members) : [error, ...Object.values(members)]
  return values.map(value => typeof value === 'string' ? value : 'a list; see below')
}

t.test('docs/errors.md has a row for every refusal of every contract, and none for another', async t => {
  const codes = [...authErrorCodes, ...httpFailureCodes]
  for (const contract of contractNames) {
    const [rows = new Map<string, string[]>()] = tablesOf(contract)
    t.same([...rows.keys()].sort(), [...codes].sort(), `${contract}: the refusals`)
    for (const code of codes) t.same(rows.get(code), rowOf(contract, code), `${contract}: ${code}`)
  }
})

t.test('docs/errors.md explains every reason for which a token is refused', async t => {
  const [, reasons] = tablesOf('partner')
  t.same([...reasons?.keys() ?? []].sort(), Object.keys(faults).sort())
})

t.test('docs/errors.md has a section for every contract, and for no other', async t => {
  const sections = [...text.matchAll(/^## `(\w+)`$/gm)].map(([, name]) => name)
  t.same(sections.sort(), [...contractNames].sort())
})
