import { writeFile } from 'node:fs/promises'
import { connect } from '../../src/db/client.js'
import { startPostgres } from '../support/postgres-server.js'
import { conversation, say } from './support/conversation.js'
import { dumpTables } from './support/database.js'
import { folder, type Fixture } from './support/fixture.js'
import { environment, leave } from './support/leave.js'
import { oldRelease } from './support/old-release.js'
import { useTheRest } from './support/rest.js'
import { identifiersIn, shown } from './support/shown.js'
import { startStatementRecorder } from './support/statement-recorder.js'

/*
 * Makes the fixtures of this folder with a release that is installed and built somewhere:
 *
 *     git worktree add ../keyturn-0.1.0 354fc93 && (cd ../keyturn-0.1.0 && npm ci)
 *     npx tsx test/upgrade/make-fixture.ts ../keyturn-0.1.0
 *
 * fixtures/0.1.0.json: what version 0.1.0 at commit 354fc93 leaves in its database, the tokens that go with it, and
 * its replies to support/conversation.ts. fixtures/0.1.0-statements.json: every statement it prepares meanwhile.
 * They were made once; to make them again is of use only when the conversation has changed.
 */

const [, , checkout] = process.argv
if (checkout === undefined) throw new Error('usage: npx tsx test/upgrade/make-fixture.ts PATH')

const postgres = await startPostgres()
const recorder = await startStatementRecorder(postgres.url)
const sql = connect({ url: postgres.url }, { max: 1 })
const release = oldRelease(checkout, { ...environment, DATABASE_URL: recorder.url })
try {
  const left = await leave(release, sql)
  const tables = await dumpTables(sql)
  const known = identifiersIn(JSON.stringify(tables))
  const replies = await release.serving({}, async addresses => {
    const given: Fixture['replies'] = {}
    for (const step of conversation(left)) given[step.name] = shown(await say(addresses, step), known)
    return given
  })
  await useTheRest(release, left)
  await writeFile(new URL('0.1.0.json', folder), inLines({ ...left, replies, tables }))
  await writeFile(new URL('0.1.0-statements.json', folder), inLines(recorder.statements()))
} finally {
  await sql.end({ timeout: 1 })
  recorder.close()
  await postgres.stop()
}

/** JSON with a line for each item of the outermost two levels, so that changes can be read. */
function inLines (value: object, depth = 1): string {
  const pad = ' '.repeat(depth)
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  const lines = Object.entries(value).map(([name, member]: [string, unknown]) =>
    `${pad}${Array.isArray(value) ? '' : `${JSON.stringify(name)}: `}` +
    (depth < 2 && typeof member === 'object' && member !== null ? inLines(member, depth + 1) : JSON.stringify(member)))
  return `${open}\n${lines.join(',\n')}\n${pad.slice(1)}${close}${depth === 1 ? '\n' : ''}`
}
