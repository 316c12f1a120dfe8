/** What a run has found; `bench/results.json` is this, and the tables and charts are made of it. */
export interface Results {
  /** ISO 8601. */
  date: string
  machine: string
  versions: Record<string, string>
  conditions: string
  parts: Part[]
}

/** What one part of a run has found. */
export interface Part {
  title: string
  /** What the table does not say by itself. */
  remarks: string[]
  table: Table
  bars: Bar[]
  charts: Chart[]
}

/** Numbers are kept as they were measured; only Markdown rounds them. */
export interface Table {
  columns: string[]
  rows: Array<Array<string | number | null>>
}

/** Something the figures are held to. */
export interface Bar {
  what: string
  /** What is aimed at, in words. */
  aim: string
  value: number
  unit: string
  met: boolean
}

/** A picture of some columns of a table. */
export interface Chart {
  /** The name of its file in `bench/charts`, without `.svg`. */
  name: string
  title: string
  unit: string
  kind: 'bar' | 'line'
  categories: string[]
  series: Array<{ name: string, values: Array<number | null> }>
  /** A logarithmic scale, where the values lie far apart. */
  logarithmic?: boolean
}
