import type { SourceLine } from '../batches.js'
import type { ImportLine } from '../import-line.js'
import { csvRows, isTrue, type Row } from './csv.js'
import { jsonLines } from './lines.js'

/*
 * What other systems write. Each is a mapping of one of their users to one of our lines; docs/migrating.md has the
 * command that makes the file.
 */

type ReadFormat = (input: AsyncIterable<Buffer>) => AsyncGenerator<SourceLine>

/** A table of users in CSV. */
const ofTable = (toLine: (row: Row) => Partial<ImportLine>): ReadFormat => async function * (input) {
  for await (const { line, row } of csvRows(input)) yield { line, value: toLine(row) }
}

/** Users in JSON, one on each line. */
const ofObjects = (toLine: (user: Record<string, unknown>) => object): ReadFormat => async function * (input) {
  for await (const source of jsonLines(input)) {
    if ('value' in source && isObject(source.value)) yield { line: source.line, value: toLine(source.value) }
    else yield source
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Better Auth: the tables `user` and `account`, joined. */
export const betterAuth = ofTable(row => ({
  externalId: row.id ?? null,
  email: row.email ?? '',
  emailVerified: isTrue(row.emailVerified),
  name: row.name ?? null,
  username: row.username ?? null,
  createdAt: row.createdAt ?? null,
  passwordHash: row.password ?? null,
  disabled: isTrue(row.banned)
}))

/** Supabase: the table `auth.users`; the ids are kept, since other tables refer to them. */
export const supabase = ofTable(row => ({
  id: row.id ?? null,
  externalId: row.id ?? null,
  email: row.email ?? '',
  emailVerified: row.email_confirmed_at !== undefined,
  name: row.name ?? null,
  createdAt: row.created_at ?? null,
  passwordHash: row.encrypted_password ?? null,
  disabled: row.banned_until !== undefined && new Date(row.banned_until).getTime() > Date.now()
}))

/** Django: the table `auth_user`. What it marks as unusable is no password. */
export const django = ofTable(row => ({
  externalId: row.id ?? null,
  email: row.email ?? '',
  name: [row.first_name, row.last_name].filter(Boolean).join(' '),
  username: row.username === row.email ? null : row.username ?? null,
  createdAt: row.date_joined ?? null,
  passwordHash: row.password?.startsWith('!') === true ? null : row.password ?? null,
  disabled: row.is_active !== undefined && !isTrue(row.is_active)
}))

/** Auth0: the users and their hashes, as its support sends them. */
export const auth0 = ofObjects(user => ({
  externalId: auth0Id(user),
  email: user.email,
  emailVerified: user.email_verified ?? false,
  name: user.name === user.email ? null : user.name ?? null,
  username: user.username ?? null,
  createdAt: isObject(user.created_at) ? user.created_at.$date : user.created_at ?? null,
  passwordHash: user.passwordHash ?? user.password_hash ?? null,
  disabled: user.blocked ?? false
}))

function auth0Id ({ _id: id, user_id: userId }: Record<string, unknown>): unknown {
  return userId ?? (isObject(id) ? id.$oid : id) ?? null
}
