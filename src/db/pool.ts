import type { Sql } from 'postgres'

type Statement = ReturnType<Sql>
type Rows = Awaited<Statement>

interface Connection {
  sql: Sql
  /** Statements sent and not answered yet. */
  underWay: number
}

/**
 * Several connections as one: a statement goes to the one with the least to do, behind what that one is doing already.
 *
 * Each is a client of the driver with a pool of one. A pool of more keeps a hole in its queue for every statement it
 * ever answered and searches them all at the next, so a server gets slower by the hour (postgres.js 3.4.9).
 *
 * Waiting has an end: whoever awaits a statement for so many milliseconds is told that there was no answer (SQLSTATE
 * 57014, as of a statement that was cancelled). The driver itself would let a statement wait for a connection for
 * good. One that was not sent yet never will be; one that was, ends by `statement_timeout`.
 */
export function openPool (clients: readonly [Sql, ...Sql[]], patienceMs: number): Sql {
  const connections = clients.map((sql): Connection => ({ sql, underWay: 0 }))
  return new Proxy(clients[0], {
    apply (_target, self, args) {
      const connection = connections.reduce((least, next) => next.underWay < least.underWay ? next : least)
      const made: unknown = Reflect.apply(connection.sql, self, args)
      // Identifiers and lists are made by the same function.
      return made instanceof Promise ? withDeadline(made as Statement, connection, patienceMs) : made
    }
  })
}

/** A statement is sent when it is awaited; one that is only a part of another never is. */
function withDeadline (statement: Statement, connection: Connection, milliseconds: number): Statement {
  const send = statement.then.bind(statement)
  let answer: Promise<Rows> | null = null

  function sent (): Promise<Rows> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        if (isWaiting(statement)) statement.cancel()
        reject(Object.assign(new Error('no answer from the database in time'), { code: '57014' }))
      }, milliseconds)

      // Counted until it is answered, not until it is given up: others had better go elsewhere.
      connection.underWay += 1
      function answered (): void {
        connection.underWay -= 1
        clearTimeout(timer)
      }
      send(rows => { answered(); resolve(rows) }, error => { answered(); reject(error as Error) }).catch(reject)
    })
  }

  statement.then = (onAnswer, onFailure) => {
    answer ??= sent()
    return answer.then(onAnswer, onFailure)
  }
  return statement
}

/** A connection that took it has left its name there. */
function isWaiting (statement: object): boolean {
  return 'state' in statement && statement.state === null
}
