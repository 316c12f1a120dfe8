import { Readable } from 'node:stream'
import { parse } from 'csv-parse'
import type { SourceLine } from '../batches.js'
import { maxLineBytes } from './lines.js'

/** A row of a table, by the names of its columns; an empty cell is none. */
export type Row = Partial<Record<string, string>>

/**
 * The rows of a table in CSV (RFC 4180).
 * @param columns their names; by default they are the first row
 * @throws Error for a file that is no such table from some line on
 */
export async function * csvRows (
  input: AsyncIterable<Buffer>, columns: true | string[] = true
): AsyncGenerator<{ line: number, row: Row }> {
  const parser = parse({
    columns, bom: true, info: true, skip_empty_lines: true, relax_column_count: true, max_record_size: maxLineBytes
  })
  for await (const { record, info } of Readable.from(input).compose(parser) as AsyncIterable<{
    record: Record<string, string>, info: { lines: number }
  }>) {
    yield {
      line: info.lines,
      row: Object.fromEntries(Object.entries(record).filter(([, cell]) => cell !== ''))
    }
  }
}

const truths = new Set(['true', 't', '1', 'yes'])

/** Whether a cell says yes, in the spellings of databases. */
export const isTrue = (cell: string | undefined): boolean => truths.has((cell ?? '').toLowerCase())

/** A table with the members of a line as its columns; those of the subscription with `subscription` before them. */
export async function * csvLines (input: AsyncIterable<Buffer>): AsyncGenerator<SourceLine> {
  for await (const { line, row } of csvRows(input)) {
    const { emailVerified, disabled, subscriptionStatus, subscriptionPlan, subscriptionExpiresAt, ...others } = row
    yield {
      line,
      value: {
        ...others,
        emailVerified: isTrue(emailVerified),
        disabled: isTrue(disabled),
        ...(subscriptionStatus ?? subscriptionPlan) !== undefined && {
          subscription: {
            status: subscriptionStatus, plan: subscriptionPlan, expiresAt: subscriptionExpiresAt ?? null
          }
        }
      }
    }
  }
}
