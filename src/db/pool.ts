import type { ParameterOrFragment, PendingQuery, Row, UnsafeQueryOptions } from 'postgres'
import { cancel } from './cancel.js'
import type { Connection } from './connection.js'
import { isReadOnly, isRolledBack, isServerLost, isUnavailable } from './errors.js'
import { withoutHoles } from './rows.js'

type Rows = readonly (object | undefined)[]

/** A piece of a statement; never sent by itself. */
export type Fragment = PendingQuery<Row[]>

/** All that a pool can do: tagged templates (statements and fragments of them) and statements given as text. */
export interface Pool {
  <Result extends Rows = Row[]> (
    template: TemplateStringsArray, ...parameters: ReadonlyArray<ParameterOrFragment<never>>
  ): PendingQuery<Result>
  unsafe (text: string, parameters?: unknown[], options?: UnsafeQueryOptions): PendingQuery<Row[]>
}

export interface PoolOptions {
  /** Milliseconds; a statement without a result after so long rejects with SQLSTATE 57014 (query canceled). */
  deadlineMs: number
  /** Makes the error of a statement that the database cannot answer from the driver's error. */
  toUnavailable: (cause: unknown) => Error
  /** Whether it is known that no server takes writes; statements then fail at once. */
  isLost: () => boolean
  /** Called when a server went away or takes no writes any more. */
  onServerLost: () => void
  /** Called when a statement got no answer in time. */
  onDeadlineMissed: () => void
  /** Called with the text of each statement that is sent; what it returns, when that is answered or has failed. */
  onStatement?: OnStatement | undefined
}

export type OnStatement = (text: string) => (error?: unknown) => void

/**
 * Several connections as one: a statement goes to the one with the fewest in flight, pipelined behind those.
 *
 * Each is a client of the driver with a pool of one. A larger pool keeps a hole in its queue for every statement it
 * ever answered and searches them all at the next, so a server gets slower by the hour (postgres.js 3.4.9, ADR 0012).
 *
 * A statement that was rolled back for the sake of another is repeated: each is a transaction of its own. It matters on
 * a distributed Postgres, which takes all transactions without a number for one when it looks for deadlocks, and so
 * finds some that are none (ADR 0018).
 *
 * The driver itself would let a statement wait for a connection for good, hence the deadline. A statement that was
 * not sent by then never is; one that was is cancelled, and its connection left: it may have been waiting for a server
 * that is gone.
 */
export function openPool (connections: readonly [Connection, ...Connection[]], options: PoolOptions): Pool {
  const idlest = () => connections.reduce((least, next) => next.inFlight < least.inFlight ? next : least)

  function run<Result extends Rows> (
    template: TemplateStringsArray, ...parameters: ReadonlyArray<ParameterOrFragment<never>>
  ): PendingQuery<Result> {
    return withDeadline(() => {
      const connection = idlest()
      const statement = connection.client<Result>(template, ...parameters)
      return { connection, statement, text: () => template.join('$') }
    }, options)
  }

  return Object.assign(run, {
    unsafe (text: string, parameters: unknown[] = [], unsafeOptions: UnsafeQueryOptions = {}): PendingQuery<Row[]> {
      return withDeadline(() => {
        const connection = idlest()
        // The driver's type names fewer parameters than it serializes.
        const statement = connection.client.unsafe<Row[]>(text, parameters as never[], unsafeOptions)
        return { connection, statement, text: () => text }
      }, options)
    }
  })
}

/** A statement for a connection, before it is sent. */
interface Written<Statement> {
  connection: Connection
  statement: Statement
  /** Its text, without its parameters. */
  text: () => string
}

/** How often a statement that was rolled back is repeated. */
const maxRepeats = 3

/**
 * A statement is sent when it is awaited; one that is only a fragment of another never is.
 * @param write writes it for a connection, again for each repeat
 */
function withDeadline<Statement extends Promise<unknown>> (
  write: () => Written<Statement>, options: PoolOptions, repeats = maxRepeats
): Statement {
  const { deadlineMs, toUnavailable, isLost, onServerLost, onDeadlineMissed, onStatement } = options
  const { connection, statement, text } = write()
  const { client } = connection
  const send = statement.then.bind(statement)
  let answer: Promise<unknown> | null = null

  function sent (): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) => {
        if (isRolledBack(error) && repeats > 0) {
          resolve(withDeadline(write, options, repeats - 1))
          return
        }
        if (isServerLost(error)) onServerLost()
        if (isReadOnly(error)) connection.leave(client)
        reject(isUnavailable(error) ? toUnavailable(error) : error as Error)
      }
      if (isLost() || connection.isResting()) {
        reject(toUnavailable(noPrimary()))
        return
      }
      const isTrusted = connection.begin()
      const onAnswer = onStatement?.(text())
      const timer = setTimeout(() => {
        onDeadlineMissed()
        cancel(statement)
        connection.leave(client)
        fail(Object.assign(new Error('no answer from the database in time'), { code: '57014' }))
      }, deadlineMs)

      // Counted until it is answered, not until it is given up, so that other statements avoid this connection.
      connection.inFlight += 1
      async function answered (rows: unknown): Promise<void> {
        connection.inFlight -= 1
        const trusted = isTrusted()
        // The deadline goes on meanwhile: a check without an answer would keep this one waiting for good.
        const isFromPrimary = trusted === true || await trusted
        clearTimeout(timer)
        onAnswer?.()
        if (isFromPrimary) resolve(withoutHoles(rows))
        else fail(noPrimary())
      }
      function failed (error: unknown): void {
        connection.inFlight -= 1
        clearTimeout(timer)
        onAnswer?.(error)
        fail(error)
      }
      send(answered, failed).catch(reject)
    })
  }

  statement.then = ((onFulfilled, onRejected) => {
    answer ??= sent()
    return answer.then(onFulfilled, onRejected)
  }) as typeof statement.then
  return statement
}

/** With the code with which a standby refuses to write. */
function noPrimary (): Error {
  return Object.assign(new Error('the database server is not the primary'), { code: '25006' })
}
