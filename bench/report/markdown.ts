import type { Bar, Part, Results, Table } from './results.js'

/** A whole run as Markdown. */
export function toMarkdown ({ date, machine, versions, conditions, parts }: Results): string {
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(', ')
  return [
    `${date.slice(0, 10)}. ${machine}.`,
    `${names}.`,
    `${conditions}.`,
    '### Bars',
    barsToMarkdown(parts.flatMap(part => part.bars)),
    ...parts.map(partToMarkdown)
  ].join('\n\n')
}

/** One part of a run as Markdown. */
export function partToMarkdown ({ title, remarks, table, charts }: Part): string {
  return [
    `### ${title}`,
    toTable(table),
    ...remarks,
    ...charts.map(({ name, title }) => `![${title}](charts/${name}.svg)`)
  ].join('\n\n')
}

/** What the figures are held to, and whether they are. */
export function barsToMarkdown (bars: readonly Bar[]): string {
  return toTable({
    columns: ['What', 'Bar', 'Measured', ''],
    rows: bars.map(({ what, aim, value, unit, met }) =>
      [what, aim, `${rounded(value)}${unit === '' ? '' : ` ${unit}`}`, met ? 'met' : '**missed**'])
  })
}

function toTable ({ columns, rows }: Table): string {
  const cells = rows.map(row => row.map(cell => typeof cell === 'number' ? rounded(cell) : cell ?? ''))
  return [columns, columns.map((_, index) => index === 0 ? '---' : '---:'), ...cells]
    .map(cells => `| ${cells.join(' | ')} |`).join('\n')
}

/** Three digits are what a figure of a run is worth. */
function rounded (value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en', { maximumSignificantDigits: 3 })
}
