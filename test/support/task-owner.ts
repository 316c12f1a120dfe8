import type { Test } from 'tap'
import { asks, type Ask, type Asked } from './ask.js'
import type { Reply } from './http.js'
import { newPerson } from './people.js'
import { claimsOf } from './set-cookie.js'

/** A task as seed 002 shows it. */
export interface Task {
  id: string
  title: string
  completed: boolean
  user_id: string
  created_at: string
}

/** Somebody signed up at contract `tasks`. */
export interface TaskOwner {
  userId: string
  token: string
  email: string
  /** Sends a request with their token and holds the reply against the document. */
  ask (t: Test, route: string, asked?: Asked): Promise<Reply>
  /** A new task of theirs. */
  add (title: string): Promise<Task>
  list (): Promise<Task[]>
}

export async function taskOwner (base: string, ask: Ask): Promise<TaskOwner> {
  const { email, password } = newPerson()
  const reply = await asks(base, 'POST /auth/signup', { json: { email, password } })
  const token = /^auth_token=([^;]+)/.exec(reply.headers.getSetCookie()[0] ?? '')?.[1] ?? ''
  const own = (route: string, asked: Asked = {}) => asks(base, route, { bearer: token, ...asked })
  return {
    userId: String(claimsOf(token).sub),
    token,
    email,
    ask: (t, route, asked) => ask(t, route, { bearer: token, ...asked }),
    add: async title => (await own('POST /tasks', { json: { title } })).body,
    list: async () => (await own('GET /tasks')).body
  }
}
