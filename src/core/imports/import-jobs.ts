import { createHash } from 'node:crypto'
import pLimit from 'p-limit'
import { AuthError } from '../errors.js'
import type { ClientInfo } from '../lib/client-info.js'
import type { SourceLine } from './batches.js'
import { jsonLines } from './formats/lines.js'
import type { ImportSource, StoredImport } from './index.js'

export interface ImportJobsNeeds {
  begin: (source: ImportSource, by: ClientInfo) => Promise<string>
  unfinished: (source: Omit<ImportSource, 'source'>) => Promise<StoredImport | null>
  find: (id: string) => Promise<StoredImport>
  run: (id: string, lines: AsyncIterable<SourceLine>, by: ClientInfo) => Promise<unknown>
  /** Receives why an import ended early. */
  onError: (error: unknown) => void
}

/** What was sent to be imported; the lines are kept in memory until they are done. */
export interface SubmittedImport {
  /** What the operator calls it. */
  source: string
  /** NDJSON. */
  text: string
}

/** Submitted imports that are in memory at once. */
const maxSubmitted = 3

const format = 'ndjson'

/** Imports that a request brought, done in the background, one after the other. */
export function createImportJobs ({ begin, unfinished, find, run, onError }: ImportJobsNeeds) {
  const inTurn = pLimit(1)
  const jobs = new Set<Promise<void>>()
  let isStopped = false

  async function * untilStopped (text: string): AsyncGenerator<SourceLine> {
    for await (const line of jsonLines(chunksOf(text))) {
      if (isStopped) throw new Error('the server stops; send the same lines again to go on with the import')
      yield line
    }
  }

  async function work (id: string, text: string, by: ClientInfo): Promise<void> {
    await inTurn(() => run(id, untilStopped(text), by)).catch((error: unknown) => {
      // The same lines were sent to another process, which is further.
      if (!(error instanceof AuthError && error.code === 'changed_meanwhile')) onError(error)
    })
  }

  return {
    /**
     * Begins an import, or goes on with one of the same lines that was cut off.
     * @throws AuthError `overloaded` while others wait
     */
    async submit ({ source, text }: SubmittedImport, by: ClientInfo): Promise<StoredImport> {
      if (jobs.size >= maxSubmitted || isStopped) throw new AuthError('overloaded')
      const fingerprint = createHash('sha256').update(text).digest()
      const id = (await unfinished({ fingerprint, format }))?.id ?? await begin({ source, format, fingerprint }, by)
      const job: Promise<void> = work(id, text, by).finally(() => jobs.delete(job))
      jobs.add(job)
      return find(id)
    },

    /** Lets the import under way end with the batch that it is at. */
    async stop (): Promise<void> {
      isStopped = true
      await Promise.all(jobs)
    }
  }
}

async function * chunksOf (text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text)
}
