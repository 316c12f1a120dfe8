import { randomUUID } from 'node:crypto'
import type { Fragment, Sql } from 'postgres'
import { AuthError } from '../errors.js'

/** One thing to do, of one account. */
export interface Task {
  id: string
  title: string
  completed: boolean
  userId: string
  createdAt: Date
}

/** A page of tasks in order of creation, and where the next one begins; `null` at the end. */
export interface TaskPage {
  tasks: Task[]
  next: string | null
}

export type Tasks = ReturnType<typeof createTasks>

/** Keeps each account's tasks; reads and writes touch the rows of that account alone. */
export function createTasks ({ sql }: { sql: Sql }) {
  const columns = sql`id, title, completed, account_id AS "userId", created_at AS "createdAt"`

  /** The only task of a statement's rows; else finds out, on the failure path alone, whose it is. */
  async function onlyTask (rows: Task[], id: string): Promise<Task> {
    const [task] = rows
    if (task !== undefined) return task
    const others = await sql`SELECT 1 FROM tasks WHERE id = ${id}`
    throw new AuthError(others.length > 0 ? 'task_forbidden' : 'task_not_found')
  }

  return {
    /** All tasks, or a page of `limit` that begins after `cursor`, which an earlier page gave. */
    async list (accountId: string, limit: number | null, cursor: string | null): Promise<TaskPage> {
      const after = cursor === null ? sql`` : afterCursor(sql, cursor)
      const rows = await sql<Array<Task & { microseconds: string }>>`
        SELECT ${columns}, (extract(epoch FROM created_at) * 1000000)::bigint AS microseconds
        FROM tasks
        WHERE account_id = ${accountId} ${after}
        ORDER BY created_at, id
        LIMIT ${limit}`
      const last = rows.at(-1)
      const next = last !== undefined && rows.length === limit ? `${last.microseconds}_${last.id}` : null
      return { tasks: rows, next }
    },

    /** @throws AuthError `invalid_token` when the account was deleted a moment ago */
    async create (accountId: string, title: string): Promise<Task> {
      const [task] = await sql<Task[]>`
        INSERT INTO tasks (account_id, id, title)
        SELECT id, ${randomUUID()}, ${title} FROM accounts WHERE id = ${accountId} FOR KEY SHARE
        RETURNING ${columns}`
      if (task === undefined) throw new AuthError('invalid_token', { reason: 'unknown' })
      return task
    },

    /** Changes what is given. @throws AuthError `task_forbidden`, `task_not_found` */
    async update (accountId: string, id: string, change: { title?: string, completed?: boolean }): Promise<Task> {
      return onlyTask(await sql<Task[]>`
        UPDATE tasks SET
          title = coalesce(${change.title ?? null}, title), completed = coalesce(${change.completed ?? null}, completed)
        WHERE account_id = ${accountId} AND id = ${id}
        RETURNING ${columns}`, id)
    },

    /** Turns done into not done and back, in one statement. @throws AuthError `task_forbidden`, `task_not_found` */
    async toggle (accountId: string, id: string): Promise<Task> {
      return onlyTask(await sql<Task[]>`
        UPDATE tasks SET completed = NOT completed WHERE account_id = ${accountId} AND id = ${id}
        RETURNING ${columns}`, id)
    },

    /** @throws AuthError `task_forbidden`, `task_not_found` */
    async remove (accountId: string, id: string): Promise<void> {
      await onlyTask(await sql<Task[]>`
        DELETE FROM tasks WHERE account_id = ${accountId} AND id = ${id} RETURNING ${columns}`, id)
    }
  }
}

/** A cursor is microseconds since 1970 (a `Date` would round them) and id of the last task seen. */
function afterCursor (sql: Sql, cursor: string): Fragment {
  const [microseconds = '', id = ''] = cursor.split('_')
  return sql`AND (created_at, id) > (timestamptz 'epoch' + ${microseconds}::bigint * interval '1 us', ${id}::uuid)`
}
