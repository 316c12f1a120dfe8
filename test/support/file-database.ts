import file from 'tap'
import { postgresDatabase } from './test-database.js'

/* Not in test-database.ts, which the test runner imports: a module that imports tap is a test, and would time out. */

let ofThisFile: Promise<string> | undefined

/** The database of this test file: made when it is first asked for, dropped when the file is through. */
export function fileDatabase (): Promise<string> {
  ofThisFile ??= postgresDatabase(file)
  return ofThisFile
}
