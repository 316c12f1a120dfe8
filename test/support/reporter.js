import { mkdirSync, writeFileSync } from 'node:fs'
import { Transform } from 'node:stream'
import { inspect } from 'node:util'
import { Parser } from 'tap-parser'

/*
 * Reports for people: nothing of what passes, each failing file at once, and at the end what failed, the slowest files
 * and the counts. The whole output of a file is in `.tap/test-results/`, the names of those that failed are in
 * `.tap/failed-files`. It writes no colours and moves no cursor.
 */

const progressMs = 30_000
/** How a file was started, which is the same for all. */
const ofTheRunner = ['args', 'command', 'cwd', 'externalID', 'jobId', 'stdio']
const most = { failures: 40, lines: 40, columns: 240, slow: 10 }

export default class Reporter extends Transform {
  #parser = new Parser()
  #startedAt = Date.now()
  #counts = { passed: 0, failed: 0, skipped: 0 }
  #failures = []
  #files = []
  #planned = 0
  #progress = setInterval(() => this.#print(`${this.#seconds()}: ${this.#files.length} of ${this.#planned} files`),
    progressMs).unref()

  constructor () {
    super()
    this.#parser
      .on('plan', ({ end }) => { this.#planned = end })
      .on('pass', () => { this.#counts.passed += 1 })
      .on('skip', () => { this.#counts.skipped += 1 })
      .on('todo', () => { this.#counts.skipped += 1 })
      .on('fail', result => this.#fail(result.fullname, describe(result.diag)))
      .on('bailout', reason => this.#fail('bailed out', reason))
      .on('extra', text => this.push(text))
      .on('child', file => this.#watch(file))
      .on('assert', file => this.#finish(file))
      .on('complete', results => this.#mistakes('the run', results))
  }

  /** A wrong plan or a test that ran twice is a failure without an assertion. */
  #watch (parser) {
    parser
      .on('child', child => this.#watch(child))
      .on('complete', results => this.#mistakes(parser.fullname, results))
  }

  #mistakes (name, { failures }) {
    for (const { tapError } of failures) if (tapError) this.#fail(name, String(tapError))
  }

  #finish ({ name, time, ok }) {
    this.#files.push({ name, time: time ?? 0, ok })
    if (!ok) this.#print(`failed: ${name}`)
  }

  #fail (name, text) {
    this.#counts.failed += 1
    this.#failures.push({ name, text })
  }

  #print (text) {
    this.push(`${text}\n`)
  }

  #seconds () {
    return `${Math.round((Date.now() - this.#startedAt) / 1000)} s`
  }

  _transform (chunk, _encoding, done) {
    this.#parser.write(chunk)
    done()
  }

  _flush (done) {
    clearInterval(this.#progress)
    this.#parser.end()
    for (const { name, text } of this.#failures.slice(0, most.failures)) this.#print(`\nFAILED ${name}\n${text}`)
    const more = this.#failures.length - most.failures
    if (more > 0) this.#print(`\nand ${more} more failures; all of them are in .tap/test-results/`)

    const slowest = this.#files.sort((a, b) => b.time - a.time).slice(0, most.slow)
    if (this.#files.length > most.slow) this.#print('\nThe slowest files:')
    for (const { name, time } of slowest) this.#print(`${(time / 1000).toFixed(1).padStart(6)} s  ${name}`)

    const failedFiles = this.#files.filter(({ ok }) => !ok).map(({ name }) => `${name}\n`)
    mkdirSync('.tap', { recursive: true })
    writeFileSync('.tap/failed-files', failedFiles.join(''))

    const { passed, failed, skipped } = this.#counts
    if (failed === 0 && process.exitCode) this.#print('\nNothing failed, but coverage is incomplete or missing.')
    this.#print(`\n${this.#files.length} files in ${this.#seconds()}`)
    this.#print(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
    done()
  }
}

/** What tap knows about a failure: the difference first, then where, then the rest. */
function describe (diag) {
  if (typeof diag !== 'object' || diag === null) return ''
  const { diff, at, source, stack, ...others } = diag
  const rest = Object.fromEntries(Object.entries(others).filter(([name]) => !ofTheRunner.includes(name)))
  const place = at === undefined ? [] : [`at ${at.fileName}:${at.lineNumber}:${at.columnNumber}`]
  const parts = [...place, source, diff ?? inspect(rest, { depth: 8, breakLength: 110 }), at === undefined && stack]
  const lines = parts.filter(Boolean).join('\n').trimEnd().split('\n')
  const shown = lines.slice(0, most.lines)
  if (lines.length > most.lines) shown.push(`(${lines.length - most.lines} more lines)`)
  return shown.map(line => `    ${line.slice(0, most.columns)}`).join('\n')
}
