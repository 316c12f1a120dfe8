import { randomBytes, randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import t from 'tap'
import { selectOwnRecords, type OwnRecord } from '../../src/core/audit/audit-log.js'
import { selectPageEnd as selectAuditPageEnd } from '../../src/core/audit/retention.js'
import { accountColumns, type AccountRow } from '../../src/core/accounts/account.js'
import { presentCode, presentLink, type PresentedRow } from '../../src/core/challenges/challenge-statements.js'
import {
  insertBatch, selectTaken, type InsertedRow, type TakenRow
} from '../../src/core/imports/import-statements.js'
import { selectCount, type Counted } from '../../src/core/mail/mail-limits.js'
import {
  deleteClient, insertClient, selectClient, type Client, type ClientRow
} from '../../src/core/partners/client-statements.js'
import { selectCurrentToken, type CurrentTokenRow } from '../../src/core/partners/introspection.js'
import { confirmSessions } from '../../src/core/refresh/confirmations.js'
import {
  createExtensionStatements, type ExtendedRow, type ProlongedRow, type UnextendedRow
} from '../../src/core/refresh/extension-statements.js'
import { createForwardStatements } from '../../src/core/refresh/fast-forward.js'
import { createRecentRotations } from '../../src/core/refresh/recent-rotations.js'
import { createReplay, type ReplayRow } from '../../src/core/refresh/replay.js'
import { createRotationStatements } from '../../src/core/refresh/rotation.js'
import { selectInvalidatingRecords, type InvalidatingRecord } from '../../src/core/revocations/revocation-feed.js'
import {
  createEventStatements, type EventRow, type ReceiverRow
} from '../../src/core/security-events/event-statements.js'
import { selectPendingVerification, type VerificationRow } from '../../src/core/security-events/streams.js'
import { selectPageEnd } from '../../src/core/sessions/purge.js'
import type { TokenSubject } from '../../src/core/sessions/session-row.js'
import { insertOnlySession, insertSession, type StartedRow } from '../../src/core/sessions/session-insertion.js'
import {
  selectLiveSessions, selectSessionPage, type LiveSession, type PlacedSession
} from '../../src/core/sessions/sessions.js'
import { selectForPassword, type LookedUpRow } from '../../src/core/sign-in/account-lookup.js'
import {
  createLoginThrottleStatements, type CountedRow, type ReservedRow
} from '../../src/core/sign-in/login-throttle-statements.js'
import { createSessionSelect, type ValidatedRow } from '../../src/core/validation/validation.js'
import { insertTask, type Task } from '../../src/core/tasks/tasks.js'
import { openTestDatabase } from '../support/database.js'
import { clientInfo } from '../support/accounts.js'
import { postgresDatabase } from '../support/test-database.js'

/*
 * A row type beside SQL by hand is a statement of ours that the compiler believes. Here Postgres describes every such
 * statement on the migrated schema: each has the members that its type has, of database types that become their types.
 */

/** The types of columns, by their stable oids. */
const oids = {
  bool: 16,
  bytea: 17,
  int8: 20,
  int4: 23,
  text: 25,
  float8: 701,
  timestamptz: 1184,
  textArray: 1009,
  uuid: 2950,
  uuidArray: 2951
} as const

/** Which of them the driver reads as a type of ours. */
type Column<Value> =
  [Value] extends [boolean] ? 'bool'
    : [Value] extends [Buffer] ? 'bytea'
        : [Value] extends [number] ? 'int4' | 'int8' | 'float8'
            : [Value] extends [Date] ? 'timestamptz'
                : [Value] extends [string[]] ? 'textArray' | 'uuidArray'
                    : [Value] extends [string] ? 'text' | 'uuid' : never

type Columns<Row> = { [Name in keyof Required<Row>]: Column<NonNullable<Row[Name]>> }

interface Statement {
  describe (): PromiseLike<{ columns: ReadonlyArray<{ name: string, type: number }> }>
}

const { sql } = openTestDatabase(t, await postgresDatabase(t))
const described: string[] = []

function describes<Row> (name: string, statement: Statement, columns: Columns<Row>): void {
  described.push(name)
  t.test(`${name} is what its statement returns`, async t => {
    const found = (await statement.describe()).columns.map(({ name, type }) => [name, type])
    const stated = Object.entries<keyof typeof oids>(columns).map(([name, type]) => [name, oids[type]])
    t.same(Object.fromEntries(found), Object.fromEntries(stated))
  })
}

const account = {
  id: 'uuid',
  number: 'int8',
  email: 'text',
  username: 'text',
  name: 'text',
  subscriptionStatus: 'text',
  subscriptionPlan: 'text',
  subscriptionExpiresAt: 'timestamptz',
  createdAt: 'timestamptz',
  updatedAt: 'timestamptz',
  disabledAt: 'timestamptz',
  emailVerifiedAt: 'timestamptz',
  deletesAt: 'timestamptz'
} as const
const subject = { accountId: 'uuid', email: 'text', contract: 'text', generation: 'int4', expiresIn: 'float8' } as const

const secret = randomBytes(32)
const token = { accountId: randomUUID(), sessionId: randomUUID(), generation: 1, secret }
const attempt = {
  token, hash: secret, successorHash: secret, nonce: secret, clientId: null, contract: 'partner'
} as const
const claims = { sub: token.accountId, sid: token.sessionId, gen: 1 }
const policy = { retryWindow: 10, confirmWindow: 10, lateRetries: 3, aheadMax: 1_000 }
const lifetimes = { accessToken: 60, refreshToken: 60, session: 60 }
const rotations = createRecentRotations(sql, policy.retryWindow)
const mail = { noticeToOwner: () => sql`SELECT 1` }
const extension = createExtensionStatements({ sql, refreshSql: sql, rotations, policy, lifetimes, mail })

describes<AccountRow>('AccountRow', sql`SELECT ${accountColumns(sql)} FROM accounts AS account`, account)
describes<StartedRow>('StartedRow', insertSession(sql, {
  contract: 'partner',
  clientInfo,
  accountId: token.accountId,
  account: sql`SELECT * FROM accounts WHERE id = ${token.accountId}`,
  events: ['signed_in'],
  secret,
  lifetime: 60,
  maxPerAccount: 100
}), { ...account, ...subject, sessionId: 'uuid', endedIds: 'uuidArray' })
describes<StartedRow>('StartedRow of the only session', insertOnlySession(sql, {
  contract: 'account',
  clientInfo,
  access: { accountId: token.accountId, reason: 'password_changed', by: clientInfo },
  notice: sql`SELECT 1`,
  events: ['password_changed'],
  secret,
  lifetime: 60
}), { ...account, ...subject, sessionId: 'uuid', endedIds: 'uuidArray' })
const liveSession = {
  id: 'uuid',
  contract: 'text',
  address: 'text',
  userAgent: 'text',
  deviceName: 'text',
  createdAt: 'timestamptz',
  updatedAt: 'timestamptz',
  expiresAt: 'timestamptz'
} as const
describes<LiveSession>('LiveSession', selectLiveSessions(sql, token.accountId), liveSession)
describes<PlacedSession>('PlacedSession', selectSessionPage(sql, token.accountId, 1, `1_${token.sessionId}`), {
  ...liveSession, place: 'text'
})
const rotation = createRotationStatements({ sql, retryWindow: policy.retryWindow, lifetimes }, 'partner')
const rotationValues = { ...attempt, ...token }
describes<TokenSubject>('TokenSubject', rotation.settled(rotationValues), subject)
describes<TokenSubject>('TokenSubject of a recent rotation', rotation.recent(rotationValues), subject)
describes<ReplayRow>('ReplayRow', createReplay({ sql, rotations, policy, mail }).classify(attempt, 0, clientInfo), {
  ...subject, outcome: 'text', endReason: 'text', depth: 'int4', currentHash: 'bytea', records: 'bytea'
})
describes<ExtendedRow>('ExtendedRow', extension.extend(claims), { ...subject, ...account })
const forward = createForwardStatements({ sql, lifetimes })
describes<TokenSubject>('ForwardedRow', forward.refreshToken(attempt, clientInfo), subject)
describes<ExtendedRow>('ForwardedRow of an access token', forward.accessToken(claims, clientInfo), {
  ...subject, ...account
})
describes<ProlongedRow>('ProlongedRow', extension.prolong(claims), { ...subject, expiresAt: 'timestamptz' })
describes<UnextendedRow>('UnextendedRow', extension.classify(claims, clientInfo), {
  ...subject, ...account, endReason: 'text', outcome: 'text'
})
const client = {
  id: 'text',
  name: 'text',
  grantTypes: 'textArray',
  permissions: 'textArray',
  audience: 'text',
  scopes: 'textArray',
  createdAt: 'timestamptz'
} as const
describes<ClientRow>('ClientRow', selectClient(sql, 'x'), {
  ...client,
  secretHash: 'bytea',
  formerSecretHash: 'bytea',
  formerSecretEndsAt: 'timestamptz',
  publicKeys: 'text'
})
describes<Client>('Client', insertClient(sql, {
  id: 'x', name: 'x', secretHash: null, publicKeys: null, grants: '', permissions: [], audience: 'x', scope: ''
}, clientInfo), client)
describes<Pick<Client, 'id'>>('DeletedClient', deleteClient(sql, 'x', clientInfo), { id: 'text' })
describes<OwnRecord>('OwnRecord', selectOwnRecords(sql, token.accountId, 1, { microseconds: 1, id: token.sessionId }), {
  id: 'uuid',
  at: 'timestamptz',
  event: 'text',
  sessionId: 'uuid',
  address: 'text',
  actor: 'text',
  microseconds: 'int8'
})
const position = { accountId: token.accountId, id: token.sessionId }
describes<typeof position>('Position', selectPageEnd(sql, position, 60), { accountId: 'uuid', id: 'uuid' })
describes<typeof position>('Position in the audit log', selectAuditPageEnd(sql, position, 60), {
  accountId: 'uuid', id: 'uuid'
})
describes<Task>('Task', insertTask(sql, { accountId: token.accountId, title: 'x', maxPerAccount: 10 }), {
  accountId: 'uuid', id: 'uuid', title: 'text', completed: 'bool', createdAt: 'timestamptz'
})
describes<{ id: string }>('ConfirmedRow', confirmSessions(sql, [{ ...token }]), { id: 'uuid' })
describes<ValidatedRow>('ValidatedRow', createSessionSelect(sql)(claims), {
  ...account,
  contract: 'text',
  generation: 'int4',
  confirmedGeneration: 'int4',
  endReason: 'text',
  state: 'text',
  signedInAt: 'float8'
})
describes<InvalidatingRecord>('InvalidatingRecord', selectInvalidatingRecords(sql, 10), {
  id: 'uuid', accountId: 'uuid', sessionId: 'uuid'
})
const events = createEventStatements(sql, 60)
describes<EventRow>('EventRow', events.selectUnacknowledged('x', 1), {
  id: 'uuid', event: 'text', type: 'text', accountId: 'uuid', sessionId: 'uuid', actor: 'text', at: 'float8'
})
describes<ReceiverRow>('ReceiverRow', events.selectReceivers(), {
  id: 'text', eventsAcknowledgedAt: 'timestamptz', cursor: 'int8', lag: 'float8'
})
describes<VerificationRow>('VerificationRow', selectPendingVerification(sql, 'x'), {
  id: 'uuid', streamId: 'uuid', state: 'text'
})
describes<CurrentTokenRow>('CurrentTokenRow', selectCurrentToken(sql, token, 'x'), {
  exp: 'float8', iat: 'float8', email: 'text'
})
describes<LookedUpRow>('LookedUpRow', selectForPassword(sql, token.accountId, 'x'), {
  id: 'uuid',
  email: 'text',
  username: 'text',
  name: 'text',
  passwordHash: 'text',
  epoch: 'int4',
  emailVerifiedAt: 'timestamptz',
  deletesAt: 'timestamptz',
  isDisabled: 'bool',
  isKnownNetwork: 'bool'
})
const imported = { importId: token.accountId, after: 0, upTo: 1, accounts: [], rejected: [], existing: 0 }
describes<InsertedRow>('InsertedRow', insertBatch(sql, imported, clientInfo), { importId: 'uuid', id: 'uuid' })
describes<TakenRow>('TakenRow', selectTaken(sql, []), { kind: 'text', value: 'text' })
describes<Counted>('Counted', selectCount(sql, 'x', 1, 1), { isAdmitted: 'bool', retryAfter: 'int4' })
const presented = {
  id: 'uuid', email: 'text', isMatch: 'bool', isUsed: 'bool', isInTime: 'bool', triesLeft: 'int4', isCurrent: 'bool'
} as const
const presentedFor = { accountId: token.accountId, purpose: 'sign_in' } as const
const hashes = { current: secret, previous: secret }
describes<PresentedRow>('PresentedRow', presentCode(sql, presentedFor, hashes), presented)
describes<PresentedRow>('PresentedRow of a link', presentLink(sql, presentedFor, token.sessionId, secret), presented)
const throttle = createLoginThrottleStatements(sql)
describes<CountedRow>('CountedRow', throttle.countFailure(['x'], 'x', 60), { isLast: 'bool' })
describes<ReservedRow>('ReservedRow', throttle.reserve([{ key: 'x', limit: 1 }]), {
  isAdmitted: 'bool',
  reservedKeys: 'textArray',
  startedAt: 'text',
  retryAfter: 'int4'
})

t.test('no statement with a row type is left out', async t => {
  const folder = new URL('../../src/core/', import.meta.url)
  const paths = (await readdir(folder, { recursive: true })).filter(path => path.endsWith('.ts'))
  const sources = await Promise.all(paths.map(path => readFile(new URL(path, folder), 'utf8')))
  const stated = sources.flatMap(text => [...text.matchAll(/\bsql<\[?(\w+)(?:\[\]|\])?>`/g)].map(([, name]) => name))
  t.ok(stated.length >= 14)
  t.same(stated.filter(name => !described.includes(String(name))), [])
})
