import { stringify } from 'csv-stringify'
import { Readable } from 'node:stream'
import type { ExportedAccount } from '../../accounts/export.js'
import { toExportLine } from '../export-line.js'

/** How accounts are written. */
export const exportFormats = ['ndjson', 'csv'] as const

export type ExportFormat = typeof exportFormats[number]

/** The columns of the table; with hashes one more. */
const columns = [
  'id', 'email', 'emailVerified', 'name', 'username', 'createdAt', 'externalId', 'subscriptionStatus',
  'subscriptionPlan', 'subscriptionExpiresAt', 'disabled'
]

/** Accounts as text that an import reads, piece by piece. @param hasHashes whether with password hashes */
export function exportedText (
  accounts: AsyncIterable<ExportedAccount>, format: ExportFormat, hasHashes: boolean
): AsyncIterable<string | Buffer> {
  return format === 'ndjson' ? ndjsonOf(accounts, hasHashes) : csvOf(accounts, hasHashes)
}

async function * ndjsonOf (accounts: AsyncIterable<ExportedAccount>, hasHashes: boolean): AsyncGenerator<string> {
  for await (const account of accounts) yield `${JSON.stringify(toExportLine(account, hasHashes))}\n`
}

function csvOf (accounts: AsyncIterable<ExportedAccount>, hasHashes: boolean): AsyncIterable<Buffer> {
  const table = stringify({
    header: true,
    columns: hasHashes ? [...columns, 'passwordHash'] : columns,
    cast: { boolean: String }
  })
  return Readable.from(rowsOf(accounts, hasHashes)).compose(table) as AsyncIterable<Buffer>
}

async function * rowsOf (accounts: AsyncIterable<ExportedAccount>, hasHashes: boolean) {
  for await (const account of accounts) {
    const { subscription, ...line } = toExportLine(account, hasHashes)
    yield {
      ...line,
      subscriptionStatus: subscription?.status,
      subscriptionPlan: subscription?.plan,
      subscriptionExpiresAt: subscription?.expiresAt
    }
  }
}
