import type { Account } from '../../core/accounts/account.js'
import type { Task as CoreTask } from '../../core/tasks/tasks.js'
import { toWholeSeconds } from '../../http/timestamps.js'
import type { Task, User } from './schemas.js'

/** The user of the task API. */
export function toUser ({ id, email, createdAt }: Account): User {
  return { id, email, created_at: toWholeSeconds(createdAt) }
}

/** The task as its owner sees it. */
export function toTask ({ id, title, completed, accountId, createdAt }: CoreTask): Task {
  return { id, title, completed, user_id: accountId, created_at: toWholeSeconds(createdAt) }
}
