import type { Test } from 'tap'
import { sendRequest, type Requester, type RequestOptions } from './requester.js'
import type { Reply } from './http.js'
import { newPerson } from './people.js'
import { claimsOf } from './set-cookie.js'

/** A task as contract `tasks` shows it. */
export interface Task {
  id: string
  title: string
  completed: boolean
  user_id: string
  created_at: string
}

/** A user who signed up at contract `tasks`. */
export interface TaskOwner {
  userId: string
  token: string
  email: string
  /** Sends a request with the user's token and checks the reply against the document. */
  request (t: Test, route: string, options?: RequestOptions): Promise<Reply>
  /** Makes a task of this user. */
  add (title: string): Promise<Task>
  list (): Promise<Task[]>
}

export async function taskOwner (base: string, request: Requester): Promise<TaskOwner> {
  const { email, password } = newPerson()
  const reply = await sendRequest(base, 'POST /auth/signup', { json: { email, password } })
  const token = /^auth_token=([^;]+)/.exec(reply.headers.getSetCookie()[0] ?? '')?.[1] ?? ''
  const own = (route: string, options: RequestOptions = {}) => sendRequest(base, route, { bearer: token, ...options })
  return {
    userId: String(claimsOf(token).sub),
    token,
    email,
    request: (t, route, options) => request(t, route, { bearer: token, ...options }),
    add: async title => (await own('POST /tasks', { json: { title } })).body,
    list: async () => (await own('GET /tasks')).body
  }
}
