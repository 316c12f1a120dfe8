import type { Fragment } from './pool.js'

declare const contract: unique symbol

/**
 * SQL that one module writes and another completes: the body of a data-modifying CTE, so that both take effect in one
 * statement or neither does. It reads no CTE of the statement it is put into, and the CTEs of that statement read its
 * RETURNING at most. CTE names inside it are its own.
 */
export type StatementPart = Fragment & { readonly [contract]: 'body of a CTE' }

/** Declares a fragment to be such a part. */
export function statementPart (fragment: Fragment): StatementPart {
  return fragment as StatementPart
}
