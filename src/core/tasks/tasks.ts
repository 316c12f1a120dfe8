import { randomUUID } from 'node:crypto'
import type { Database } from '../../db/database.js'
import { violatedConstraint } from '../../db/errors.js'
import type { Pool } from '../../db/pool.js'
import { and, eq, expression, getTableColumns, not } from '../../db/query.js'
import { tasks } from '../../db/schema.js'
import { AuthError, invalidToken } from '../errors.js'

/** A task of one account. */
export type Task = typeof tasks.$inferSelect

export type TaskChange = Partial<Pick<Task, 'title' | 'completed'>>

/** A page of tasks in order of creation, and the cursor of the next page; `null` at the end. */
export interface TaskPage {
  tasks: Task[]
  next: string | null
}

export interface TasksNeeds {
  db: Pick<Database, 'sql' | 'query'>
  /** Tasks of an account at most; requests at the same moment may exceed it by their number. */
  maxPerAccount: number
}

export type Tasks = ReturnType<typeof createTasks>

/** Microseconds since 1970: a `Date` would round them, and a page would begin with the last row of the one before. */
const microseconds = expression<number>`(extract(epoch FROM ${tasks.createdAt}) * 1000000)::bigint`

/** Keeps each account's tasks; reads and writes touch the rows of that account alone. */
export function createTasks ({ db: { sql, query }, maxPerAccount }: TasksNeeds) {
  const isOwn = (accountId: string, id: string) => and(eq(tasks.accountId, accountId), eq(tasks.id, id))

  /** The only task of a statement's rows; without one, a query determines whether it is another account's. */
  async function onlyTask (rows: Task[], id: string): Promise<Task> {
    const [task] = rows
    if (task !== undefined) return task
    const [other] = await query.select({ id: tasks.id }).from(tasks).where(eq(tasks.id, id)).limit(1)
    throw new AuthError(other === undefined ? 'task_not_found' : 'task_forbidden')
  }

  return {
    /** A page of `limit` tasks that begins after `cursor`, which an earlier page gave. */
    async list (accountId: string, limit: number, cursor: string | null): Promise<TaskPage> {
      const rows = await query.select({ ...getTableColumns(tasks), microseconds }).from(tasks)
        .where(and(eq(tasks.accountId, accountId), cursor === null ? undefined : isAfter(cursor)))
        .orderBy(tasks.createdAt, tasks.id).limit(limit)
      const last = rows.at(-1)
      const next = last !== undefined && rows.length === limit ? `${last.microseconds}_${last.id}` : null
      return { tasks: rows, next }
    },

    /** @throws AuthError `task_limit_reached`; `invalid_token` when the account was deleted a moment ago */
    async create (accountId: string, title: string): Promise<Task> {
      const [task] = await insertTask(sql, { accountId, title, maxPerAccount }).catch(ifAccountGone)
      if (task === undefined) throw new AuthError('task_limit_reached')
      return task
    },

    /** Changes what is given. @throws AuthError `task_forbidden`, `task_not_found` */
    async update (accountId: string, id: string, { title, completed }: TaskChange): Promise<Task> {
      // The id is set to itself, so that an empty change is a statement too.
      return onlyTask(await query.update(tasks).set({ id, title, completed })
        .where(isOwn(accountId, id)).returning(), id)
    },

    /** Negates `completed`, in one statement. @throws AuthError `task_forbidden`, `task_not_found` */
    async toggle (accountId: string, id: string): Promise<Task> {
      return onlyTask(await query.update(tasks).set({ completed: not(tasks.completed) })
        .where(isOwn(accountId, id)).returning(), id)
    },

    /** @throws AuthError `task_forbidden`, `task_not_found` */
    async remove (accountId: string, id: string): Promise<void> {
      await onlyTask(await query.delete(tasks).where(isOwn(accountId, id)).returning(), id)
    }
  }
}

/** A cursor is microseconds and id of the last task seen. */
function isAfter (cursor: string) {
  const [microseconds = '', id = ''] = cursor.split('_')
  return expression`(${tasks.createdAt}, ${tasks.id}) >
    (timestamptz 'epoch' + ${microseconds}::bigint * interval '1 us', ${id}::uuid)`
}

/** Inserts a task unless the account has as many as it can have; then there is no row. */
export function insertTask (
  sql: Pool, { accountId, title, maxPerAccount }: { accountId: string, title: string, maxPerAccount: number }
) {
  return sql<Task[]>`
    INSERT INTO tasks (account_id, id, title)
    SELECT ${accountId}, ${randomUUID()}, ${title}
    WHERE NOT EXISTS (SELECT FROM tasks WHERE account_id = ${accountId} OFFSET ${maxPerAccount - 1})
    RETURNING account_id, id, title, completed, created_at`
}

function ifAccountGone (error: unknown): never {
  throw violatedConstraint(error) === 'tasks_account_id_accounts_id_fk' ? invalidToken('unknown') : error
}
