import type { SourceLine } from '../batches.js'
import { csvLines } from './csv.js'
import { firebase, readFirebaseParameters } from './firebase.js'
import { jsonLines } from './lines.js'
import { auth0, betterAuth, django, supabase } from './vendors.js'

/** How files of accounts are written. */
export const importFormats = ['ndjson', 'csv', 'better-auth', 'supabase', 'firebase', 'auth0', 'django'] as const

export type ImportFormat = typeof importFormats[number]

export type ReadLines = (input: AsyncIterable<Buffer>) => AsyncGenerator<SourceLine>

const readers: Record<Exclude<ImportFormat, 'firebase'>, ReadLines> = {
  ndjson: jsonLines, csv: csvLines, 'better-auth': betterAuth, supabase, auth0, django
}

/**
 * How a file is read.
 * @param firebaseParameters of the project, in text; only Firebase needs them
 * @throws Error where they are needed and are not there, or lack something
 */
export function readerOf (format: ImportFormat, firebaseParameters?: string): ReadLines {
  if (format !== 'firebase') return readers[format]
  if (firebaseParameters === undefined) {
    throw new Error('hashes of Firebase need the parameters of their project: --firebase-parameters FILE')
  }
  return firebase(readFirebaseParameters(firebaseParameters))
}
