import { readFile, writeFile } from 'node:fs/promises'
import { writeCharts } from './charts.js'
import { toMarkdown } from './markdown.js'
import type { Results } from './results.js'

const readme = new URL('../README.md', import.meta.url)
const json = new URL('../results.json', import.meta.url)
const marks = { start: '<!-- figures: written by npm run bench -- --write -->', end: '<!-- end of figures -->' }

/** Replaces `bench/results.json`, the charts, and the figures in `bench/README.md`. @throws when its marks are gone */
export async function writeReport (results: Results): Promise<void> {
  const text = await readFile(readme, 'utf8')
  const [before, rest] = text.split(marks.start)
  const after = rest?.split(marks.end)[1]
  if (before === undefined || after === undefined) throw new Error(`bench/README.md has lost the mark ${marks.start}`)
  await writeFile(json, `${JSON.stringify(results, null, 2)}\n`)
  await writeCharts(results.parts.flatMap(({ charts }) => charts))
  await writeFile(readme, `${before}${marks.start}\n\n${toMarkdown(results)}\n\n${marks.end}${after}`)
}
