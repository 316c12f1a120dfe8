/**
 * The rows of a result, from the first on. After a statement that failed while it streamed rows, the driver goes on
 * counting from them: its next result, also on a new connection, begins with as many holes, and the first row would be
 * taken for "no such row" (its issues 1119 and 1181).
 * @param rows of the driver; anything else is returned as it is
 */
export function withoutHoles<Rows> (rows: Rows): Rows {
  if (Array.isArray(rows) && rows.length > 0 && !(0 in rows)) {
    rows.splice(0, rows.findIndex((_, index) => index in rows))
  }
  return rows
}
