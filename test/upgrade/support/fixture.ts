import { readFileSync } from 'node:fs'

/** What version 0.1.0 left behind: its rows, the tokens it issued, what it answered to them. */
export interface Fixture extends Left {
  /** Its replies to `conversation`, which began with these rows. */
  replies: Record<string, Shown>
  /** A row is a JSON object with the columns that version had. */
  tables: Record<string, Row[]>
}

/** Who and what is in the database. */
export interface Left {
  /** The release and its commit. */
  madeBy: string
  /** Seconds since 1970. */
  madeAt: number
  /** Its environment, as far as it matters to tokens. */
  environment: Record<string, string>
  /** Its JWT_SECRET while it signed the token `hs256`. */
  jwtSecret: string
  /** Of every account. */
  password: string
  emails: { ada: string, grace: string, locked: string, disabled: string }
  client: { id: string, secret: string }
  /** Of live sessions, by the contract or the algorithm. */
  access: Record<'partner' | 'session' | 'spa' | 'tasks' | 'web' | 'eddsa' | 'rs256', string>
  hs256: string
  /** Of sessions that have ended, by the reason. */
  ended: Record<'signedOut' | 'revoked' | 'passwordChanged' | 'reused' | 'disabled' | 'deleted', string>
  /** Refresh tokens, each list of one session and in order; the last is the current one. */
  refresh: Record<'current' | 'retried' | 'lost' | 'confirmed' | 'older' | 'client', string[]>
  /** Access tokens of one session of contract `session`: the one before, the current one. */
  extended: [string, string]
  /** What the client was given. */
  exchanged: string
  clientOwn: string
}

export type Row = Record<string, unknown>

/** A reply, without what differs from run to run. */
export interface Shown {
  status: number
  headers: Record<string, string>
  body: unknown
}

/** A statement as it was prepared. */
export interface Statement {
  text: string
  /** Object identifiers of the parameters' types; 0 where the server was to infer it. */
  types: number[]
}

export const folder = new URL('../fixtures/', import.meta.url)

export function readFixture (): Fixture {
  return JSON.parse(readFileSync(new URL('0.1.0.json', folder), 'utf8')) as Fixture
}

export function readStatements (): Statement[] {
  return JSON.parse(readFileSync(new URL('0.1.0-statements.json', folder), 'utf8')) as Statement[]
}
