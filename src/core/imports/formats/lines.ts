import type { SourceLine } from '../batches.js'

/** Longer lines are of no account: so much of a file is kept in memory at most. */
export const maxLineBytes = 65_536

const lineEnd = 10

/** The lines of a file that are not empty, with their numbers; a longer one is reported and passed over. */
export async function * linesOf (
  input: AsyncIterable<Buffer>
): AsyncGenerator<{ line: number, text: string } | { line: number, problem: 'line_too_long' }> {
  let line = 1
  let parts: Buffer[] = []
  let size = 0

  function * take (): Generator<{ line: number, text: string } | { line: number, problem: 'line_too_long' }> {
    const text = size > maxLineBytes ? null : Buffer.concat(parts).toString().replace(/\r$/, '')
    if (text === null) yield { line, problem: 'line_too_long' }
    else if (text.trim() !== '') yield { line, text }
    parts = []
    size = 0
  }

  for await (const chunk of input) {
    for (let start = 0; start < chunk.length;) {
      const end = chunk.indexOf(lineEnd, start)
      const part = chunk.subarray(start, end === -1 ? undefined : end)
      size += part.length
      if (size <= maxLineBytes) parts.push(part)
      else parts = []
      if (end === -1) break
      yield * take()
      line += 1
      start = end + 1
    }
  }
  yield * take()
}

/** Values in JSON, one on each line (NDJSON). */
export async function * jsonLines (input: AsyncIterable<Buffer>): AsyncGenerator<SourceLine> {
  for await (const found of linesOf(input)) {
    if ('problem' in found) yield found
    else yield jsonOf(found.line, found.text)
  }
}

function jsonOf (line: number, text: string): SourceLine {
  try {
    return { line, value: JSON.parse(text) as unknown }
  } catch {
    return { line, problem: 'not_json' }
  }
}
