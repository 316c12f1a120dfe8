import type { Sql } from 'postgres'
import { cancel } from './cancel.js'
import { ignore } from './errors.js'
import { withoutHoles } from './rows.js'

/** One connection of a pool, which is replaced when its server turns out to be a standby. */
export interface Connection {
  /** The driver's client, of this one connection. */
  readonly client: Sql
  /** Statements sent and not answered yet. */
  inFlight: number
  /**
   * To be called when a statement is sent. The returned function says, once the answer is there, whether it came from a
   * primary: what a standby answers may be out of date.
   */
  begin (): () => boolean | Promise<boolean>
  /** Whether its server was a standby a moment ago, and need not be asked again yet. */
  isResting (): boolean
  /**
   * Goes on with a new client, if `client` is still the current one. What was sent to it may still take effect; its
   * answers are not believed any more.
   */
  leave (client: Sql): void
}

export interface ConnectionNeeds {
  /** Makes a client with a pool of one. `onClose` is to be called whenever its connection has closed. */
  open: (onClose: () => void) => Sql
  /** A statement whose only row says in `isPrimary` whether the server is one. */
  check: string
  /** Called when the server was left. */
  onLeave: () => void
}

/** For statements under way on a connection that is left. */
const closeTimeoutSeconds = 5

/** Between two connections to a standby, which otherwise each statement would open. */
const restMs = 250

/** Opens a connection with its first statement. */
export function createConnection ({ open, check, onLeave }: ConnectionNeeds): Connection {
  /** Which connection of all that were opened, one after the other. */
  let number = 0
  let checking: { statement: object, isPrimary: Promise<boolean> } | null = null
  let isChecked = false
  let restsUntil = 0
  let client = openClient()

  function openClient (): Sql {
    const own: Sql = open(() => closed(own))
    return own
  }

  function closed (of: Sql): void {
    if (of !== client) return
    number += 1
    checking = null
    isChecked = false
  }

  /** Sends the first statement of a connection. */
  function startCheck (asked: Sql) {
    // Executed at once: awaited only, it would be sent after the statement that it comes with.
    const statement = asked.unsafe<[{ isPrimary: boolean }]>(check).execute()
    const isPrimary = statement.then(rows => {
      const [row] = withoutHoles(rows)
      if (row.isPrimary) isChecked = asked === client
      else {
        leave(asked)
        restsUntil = performance.now() + restMs
      }
      return row.isPrimary
    }, () => {
      // The statement that was sent with it fails too, and says why.
      if (asked === client) checking = null
      return false
    })
    return { statement, isPrimary }
  }

  function leave (left: Sql): void {
    if (left !== client) return
    if (checking !== null) cancel(checking.statement)
    client = openClient()
    restsUntil = 0
    closed(client)
    left.end({ timeout: closeTimeoutSeconds }).catch(ignore)
    onLeave()
  }

  return {
    get client () { return client },
    inFlight: 0,

    begin () {
      const begunOn = number
      // Of many statements that are sent to a new connection, only the first brings the check.
      const checked = isChecked ? true : (checking ??= startCheck(client)).isPrimary
      return () => {
        // The driver sends what waited for a lost connection on the next one.
        const isSame = () => number === begunOn
        return checked === true ? isSame() : checked.then(isPrimary => isPrimary && isSame())
      }
    },

    isResting: () => performance.now() < restsUntil,

    leave
  }
}
