import type { Sql } from 'postgres'

type Statement = ReturnType<Sql>
type Rows = Awaited<Statement>

/**
 * The same driver, with an end to waiting: whoever awaits a statement for so many milliseconds is told that there was
 * no answer (SQLSTATE 57014, as of a statement that was cancelled). The driver itself would let a statement wait for a
 * connection for good. One that was not sent yet never will be; one that was, ends by `statement_timeout`.
 */
export function withPatience (sql: Sql, milliseconds: number): Sql {
  return new Proxy(sql, {
    apply (target, self, args) {
      const made: unknown = Reflect.apply(target, self, args)
      // Identifiers and lists are made by the same function.
      return made instanceof Promise ? impatient(made as Statement, milliseconds) : made
    }
  })
}

/** A statement is sent when it is awaited; one that is only a part of another never is. */
function impatient (statement: Statement, milliseconds: number): Statement {
  const send = statement.then.bind(statement)
  let answer: Promise<Rows> | null = null

  async function sent (): Promise<Rows> {
    let timer: NodeJS.Timeout | undefined
    const givenUp = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        if (isWaiting(statement)) statement.cancel()
        reject(Object.assign(new Error('no answer from the database in time'), { code: '57014' }))
      }, milliseconds)
    })
    try {
      const sending = new Promise<Rows>((resolve, reject) => { send(resolve, reject).catch(reject) })
      return await Promise.race([sending, givenUp])
    } finally {
      clearTimeout(timer)
    }
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
