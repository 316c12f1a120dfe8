import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { open, readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { SingleBar } from 'cli-progress'
import { Option, type Command } from 'commander'
import type { Environment } from '../config/environment.js'
import { AuthError } from '../core/errors.js'
import { importFormats, readerOf, type ImportFormat } from '../core/imports/formats/index.js'
import type { ImportCounts, Imports, ImportSource, StoredProblem } from '../core/imports/index.js'
import { operator, reasonOption, type ReasonOptions } from './operator.js'
import { printOne, warn, type OutputOptions } from './output.js'
import { withCore } from './with-core.js'

interface ImportOptions extends OutputOptions, ReasonOptions {
  format: ImportFormat
  dryRun?: boolean
  resume?: boolean
  report?: string
  firebaseParameters?: string
}

/** Of a file that goes on with its import: its beginning and its size. */
const fingerprintBytes = 65_536

/** Adds `keyturn account import`. */
export function addImportCommand (account: Command, env: Environment): void {
  account.command('import').argument('<file>', 'a file, or - for standard input')
    .description('bring accounts from elsewhere, with their password hashes')
    .addOption(new Option('--format <format>', 'how it is written').choices(importFormats).default('ndjson'))
    .option('--firebase-parameters <file>', 'the parameters of the password hashes, as Firebase\'s console shows them')
    .option('--dry-run', 'say what would be imported, and import nothing')
    .option('--resume', 'go on with an import that was cut off')
    .option('--report <file>', 'write the lines that were not imported, and why, as NDJSON')
    .addOption(reasonOption())
    .option('--json', 'print JSON')
    .action((file: string, options: ImportOptions) => withCore(env, async ({ imports }) => {
      const { format, dryRun = false, report, firebaseParameters: parameters } = options
      const read = readerOf(format, parameters === undefined ? undefined : await readFile(parameters, 'utf8'))
      const size = file === '-' ? 0 : (await stat(file)).size
      const input = file === '-' ? process.stdin : createReadStream(file)
      const lines = read(withProgress(input, size))
      const done = dryRun
        ? await check(imports, lines)
        : await run(imports, lines, await sourceOf(file, size, format), options)
      if (report !== undefined) await writeReport(report, done.problems)
      const { lines: count, imported, existing, rejected } = done.counts
      printOne({ ...done.id !== undefined && { id: done.id }, lines: count, imported, existing, rejected }, options)
      if (rejected > 0 && report === undefined) warn(`${rejected} lines were not imported; --report FILE says why`)
    }))
}

interface Done {
  id?: string
  counts: ImportCounts
  problems: AsyncIterable<StoredProblem> | Iterable<StoredProblem>
}

async function check (imports: Imports, lines: Parameters<Imports['check']>[0]): Promise<Done> {
  const problems: StoredProblem[] = []
  return { counts: await imports.check(lines, problem => problems.push(problem)), problems }
}

async function run (
  imports: Imports, lines: Parameters<Imports['run']>[1], source: ImportSource,
  { resume = false, reason }: ImportOptions
): Promise<Done> {
  const by = operator({ reason })
  const id = resume ? (await unfinished(imports, source)).id : await imports.begin(source, by)
  return { id, counts: await imports.run(id, lines, by), problems: imports.problems(id) }
}

/** @throws AuthError `not_found` */
async function unfinished (imports: Imports, source: ImportSource) {
  const found = await imports.unfinished(source)
  if (found === null) throw new AuthError('not_found', { message: `no import of ${source.source} was cut off` })
  return found
}

/** What a file is recognized by. @throws the system's error */
async function sourceOf (file: string, size: number, format: ImportFormat): Promise<ImportSource> {
  if (file === '-') return { source: 'standard input', format, fingerprint: Buffer.alloc(0) }
  const opened = await open(file)
  try {
    const { buffer, bytesRead } = await opened.read(Buffer.alloc(fingerprintBytes), 0, fingerprintBytes, 0)
    const fingerprint = createHash('sha256').update(`${size} `).update(buffer.subarray(0, bytesRead)).digest()
    return { source: basename(file), format, fingerprint }
  } finally {
    await opened.close()
  }
}

/** The same bytes, with a bar that says how many there were; it is shown at a terminal only. */
async function * withProgress (input: Readable, size: number): AsyncGenerator<Buffer> {
  const bar = new SingleBar({ format: '{bar} {percentage} % · {duration_formatted}', stream: process.stderr })
  if (size > 0) bar.start(size, 0)
  try {
    for await (const chunk of input as AsyncIterable<Buffer>) {
      yield chunk
      bar.increment(chunk.length)
    }
  } finally {
    if (size > 0) bar.stop()
  }
}

async function writeReport (file: string, problems: Done['problems']): Promise<void> {
  const lines = Readable.from((async function * () {
    for await (const problem of problems) yield `${JSON.stringify(problem)}\n`
  })())
  await pipeline(lines, createWriteStream(file, { mode: 0o600 }))
}
