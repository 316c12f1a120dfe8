import type { Account } from '../../core/accounts/account.js'
import type { Task as CoreTask } from '../../core/tasks/tasks.js'
import { toWholeSeconds } from '../../http/timestamps.js'
import type { Task, User } from './schemas.js'

/** Seed 002's user. */
export function toUser ({ id, email, createdAt }: Account): User {
  return { id, email, created_at: toWholeSeconds(createdAt) }
}

/** Seed 002's task. */
export function toTask ({ id, title, completed, userId, createdAt }: CoreTask): Task {
  return { id, title, completed, user_id: userId, created_at: toWholeSeconds(createdAt) }
}
