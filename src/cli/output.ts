import Table from 'cli-table3'

export interface OutputOptions {
  json?: boolean
}

type Cell = string | number | boolean | Date | readonly string[] | null

/** Prints rows: a table for people, JSON for programs. */
export function printRows (rows: Array<Record<string, Cell>>, { json = false }: OutputOptions): void {
  if (json) {
    print(JSON.stringify(rows, null, 2))
    return
  }
  const [first] = rows
  if (first === undefined) {
    print('none')
    return
  }
  const table = new Table({ head: Object.keys(first), style: { head: [], border: [] } })
  table.push(...rows.map(row => Object.values(row).map(toText)))
  print(table.toString())
}

/** Prints one thing, member by member. */
export function printOne (row: Record<string, Cell>, { json = false }: OutputOptions): void {
  if (json) {
    print(JSON.stringify(row, null, 2))
    return
  }
  const table = new Table({ style: { head: [], border: [] } })
  table.push(...Object.entries(row).map(([name, value]) => ({ [name]: toText(value) })))
  print(table.toString())
}

export function print (text: string): void {
  process.stdout.write(`${text}\n`)
}

/** Prints what was done: a sentence for people, its facts for programs. */
export function printDone (sentence: string, facts: Record<string, Cell>, { json = false }: OutputOptions): void {
  print(json ? JSON.stringify(facts, null, 2) : sentence)
}

/** Says on standard error what deserves attention; standard output is the command's own. */
export function warn (text: string): void {
  process.stderr.write(`keyturn: ${text}\n`)
}

function toText (value: Cell): string {
  if (value === null) return '-'
  if (value instanceof Date) return value.toISOString()
  return printable(Array.isArray(value) ? value.join(' ') : String(value))
}

/** Without control characters: those of stored text would command the operator's terminal. */
export function printable (text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '')
}
