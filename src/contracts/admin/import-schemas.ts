import { Type, type Static } from '@sinclair/typebox'
import { importStates } from '../../core/imports/index.js'
import { exportFormats } from '../../core/imports/formats/export-text.js'
import { textOf } from '../../http/failure-schemas.js'
import { dataOf, orNull, Timestamp, Uuid } from '../../http/schemas.js'
import { exact } from './schemas.js'

export const ndjson = 'application/x-ndjson'

const importId = '4f1d7c1e-93b0-4c8f-8d0a-4a1b2c3d4e5f'

export const ImportQuery = Type.Object({
  source: Type.Optional(Type.String({
    format: 'line', minLength: 1, maxLength: 255, description: 'What it is called in lists', examples: ['users.ndjson']
  }))
}, exact)

export const ImportPath = Type.Object({
  id: Type.String({ format: 'uuid', description: 'The id of the import', examples: [importId] })
})

/** The lines: each an account, as docs/migrating.md has it. */
export const ImportLines = Type.String({
  minLength: 1,
  title: 'ImportLines',
  description: 'Accounts in JSON, one on each line',
  examples: [
    '{"email":"imported@example.com","emailVerified":true,"externalId":"user-1",' +
    '"passwordHash":"$2b$10$abcdefghijklmnopqrstuuAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}\n'
  ]
})

const Count = (description: string) => Type.Integer({ description })

export const ImportView = Type.Object({
  id: Uuid,
  source: Type.String(),
  format: Type.String({ description: 'How it is written, as `account import --format` names it' }),
  actor: Type.String({ description: 'Who began it' }),
  state: textOf('ImportState', '`interrupted`: send the same lines again to go on', importStates),
  lines: Count('Lines that are done'),
  imported: Count('Lines of which an account was made'),
  existing: Count('Lines of accounts that were there'),
  rejected: Count('Lines that were not imported; the report says why'),
  startedAt: Timestamp,
  finishedAt: orNull(Timestamp)
}, { title: 'Import' })
export type ImportView = Static<typeof ImportView>

const importExample: ImportView = {
  id: importId,
  source: 'users.ndjson',
  format: 'ndjson',
  actor: 'admin_token',
  state: 'finished',
  lines: 1,
  imported: 1,
  existing: 0,
  rejected: 0,
  startedAt: '2026-01-12T10:30:00Z',
  finishedAt: '2026-01-12T10:30:01Z'
}

const ImportData = Type.Object({ import: ImportView })

export const OneImport = dataOf('ImportResponse', ImportData, 'How far it has come', { import: importExample })
export const Submitted = dataOf('ImportSubmittedResponse', ImportData, 'It is imported in the background', {
  import: { ...importExample, state: 'running', lines: 0, imported: 0, finishedAt: null }
})

/** Texts are no JSON, so their schemas have media types of their own. */
const textAs = (description: string, media: Record<string, string>) => ({
  description,
  content: Object.fromEntries(Object.entries(media).map(([type, example]) =>
    [type, { schema: Type.String(), example }]))
})

export const Report = textAs('The lines that were not imported, and why', {
  [ndjson]: '{"line":7,"problem":"email_invalid"}\n'
})

export const ExportQuery = Type.Object({
  format: Type.Optional({
    ...textOf('ExportFormat', 'How it is written; ndjson if left out', exportFormats), examples: ['ndjson']
  })
}, exact)

export const Exported = textAs('All accounts, as an import reads them, without password hashes', {
  [ndjson]: '{"id":"0198f1c2-7a00-7c3e-9f00-000000000001","email":"user@example.com","emailVerified":true}\n',
  'text/csv': 'id,email,emailVerified\n0198f1c2-7a00-7c3e-9f00-000000000001,user@example.com,true\n'
})
