import file, { type Test } from 'tap'
import { postgresDatabase } from './test-database.js'

/* Not in test-database.ts, which the test runner imports: a module that imports tap is a test, and would time out. */

const ofFiles = new Map<string, Promise<string>>()

/** The database of the file that a test is in: made when it is first asked for, dropped when the process is through. */
export function fileDatabase (t: Test): Promise<string> {
  const name = fileOf(t)
  const database = ofFiles.get(name) ?? postgresDatabase(file)
  ofFiles.set(name, database)
  return database
}

/** A process may run the files of a whole folder (groups.ts); tap knows where the outermost test was written. */
function fileOf (t: Test): string {
  const isOutermost = t.parent?.parent === undefined
  return isOutermost ? t.options.at?.fileName ?? '' : fileOf(t.parent as Test)
}
