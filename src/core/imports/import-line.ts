import { Type, type Static } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import type { Subscription } from '../accounts/account.js'
import { isEmail, normalizeEmail } from '../accounts/email.js'
import { isUsername } from '../accounts/username.js'
import { isUuid } from '../lib/uuid.js'
import { readImportedHash } from '../passwords/imported-hash.js'

const nullable = <Schema extends Parameters<typeof Type.Union>[0][number]>(schema: Schema) =>
  Type.Optional(Type.Union([schema, Type.Null()]))

/** A line of a file: an account as it was elsewhere. */
const Line = Type.Object({
  /** Kept where it is a UUID, so that what refers to the account goes on to. */
  id: nullable(Type.String()),
  email: Type.String(),
  emailVerified: nullable(Type.Boolean()),
  name: nullable(Type.String({ maxLength: 255 })),
  username: nullable(Type.String({ minLength: 3, maxLength: 50 })),
  createdAt: nullable(Type.String()),
  /** What it is called elsewhere. */
  externalId: nullable(Type.String({ minLength: 1, maxLength: 255 })),
  subscription: nullable(Type.Object({
    status: Type.String({ minLength: 1, maxLength: 320 }),
    plan: Type.String({ minLength: 1, maxLength: 320 }),
    expiresAt: nullable(Type.String())
  }, { additionalProperties: false })),
  passwordHash: nullable(Type.String()),
  /** Whether it can be signed in to by none. */
  disabled: nullable(Type.Boolean())
}, { additionalProperties: false })

export type ImportLine = Static<typeof Line>

const line = TypeCompiler.Compile(Line)

/** Why a line is not imported. */
export const importProblems = [
  'line_too_long', 'not_json', 'not_an_object', 'member_wrong', 'email_invalid', 'username_invalid', 'name_invalid',
  'id_invalid', 'time_invalid', 'hash_unknown', 'hash_too_costly', 'too_many_kinds_of_hash', 'email_repeated',
  'username_repeated', 'username_taken', 'id_taken'
] as const

export type ImportProblem = typeof importProblems[number]

/** An account that can be stored. */
export interface ImportedAccount {
  id: string | null
  email: string
  isEmailVerified: boolean
  name: string | null
  username: string | null
  createdAt: Date | null
  externalId: string | null
  subscription: Subscription | null
  /** `null` for an account without a password. */
  passwordHash: string | null
  isDisabled: boolean
}

/** Thrown for a line that cannot be imported. */
export class LineProblem extends Error {
  readonly problem: ImportProblem

  constructor (problem: ImportProblem) {
    super(problem)
    this.problem = problem
  }
}

/** Reads a line. @throws LineProblem */
export function readImportLine (value: unknown): ImportedAccount {
  if (typeof value !== 'object' || value === null) throw new LineProblem('not_an_object')
  if (!line.Check(value)) throw new LineProblem('member_wrong')
  const { id = null, email, emailVerified, name = null, username = null, externalId = null, subscription } = value
  refuseUnless(isEmail(email), 'email_invalid')
  refuseUnless(username === null || isUsername(username), 'username_invalid')
  refuseUnless([name, externalId].every(text => text === null || isLine(text)), 'name_invalid')
  refuseUnless(id === null || isUuid(id), 'id_invalid')
  return {
    id: id?.toLowerCase() ?? null,
    email: normalizeEmail(email),
    isEmailVerified: emailVerified ?? false,
    name: name === '' ? null : name,
    username,
    createdAt: timeOf(value.createdAt),
    externalId,
    subscription: subscription === null || subscription === undefined
      ? null
      : { ...subscription, expiresAt: timeOf(subscription.expiresAt) },
    passwordHash: hashOf(value.passwordHash),
    isDisabled: value.disabled ?? false
  }
}

function refuseUnless (isGood: boolean, problem: ImportProblem): void {
  if (!isGood) throw new LineProblem(problem)
}

const isLine = (text: string) => text.isWellFormed() && !/\p{Cc}/u.test(text)

/** What Postgres can store of times. */
const [earliest, latest] = [Date.UTC(1900, 0), Date.UTC(9999, 11)]

/** A time as in RFC 3339 or as Postgres writes it: the offset can be in hours, and is UTC if left out. */
const timeFormat = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d(?:\.\d+)?)(?:Z|([+-]\d\d)(?::?(\d\d))?)?)?$/i

function timeOf (text: string | null | undefined): Date | null {
  if (text === null || text === undefined) return null
  const [, day = '', time = '00:00:00', hours = '+00', minutes = '00'] = timeFormat.exec(text) ?? []
  const found = new Date(`${day}T${time}${hours}:${minutes}`)
  refuseUnless(found.getTime() >= earliest && found.getTime() <= latest, 'time_invalid')
  return found
}

function hashOf (text: string | null | undefined): string | null {
  if (text === null || text === undefined || text === '') return null
  const read = readImportedHash(text)
  if ('problem' in read) throw new LineProblem(read.problem)
  return read.hash
}
