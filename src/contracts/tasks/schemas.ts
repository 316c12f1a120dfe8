import { Type, type Static } from '@sinclair/typebox'
import { minPasswordLength } from '../../core/passwords/password-hashing.js'
import { failureSchemas } from '../../http/failure-schemas.js'
import { pageQuery } from '../../http/paging.js'
import { Email, example, Password, passwordOf, replyOf, Timestamp, Uuid } from '../../http/schemas.js'
import { tasksErrors } from './errors.js'

const Title = Type.String({ format: 'text', minLength: 1, maxLength: 255 })

const credentials = { email: example.email, password: example.password }

export const Signup = Type.Object({ email: Email, password: passwordOf(minPasswordLength) }, {
  title: 'SignupRequest', examples: [credentials]
})

export const Login = Type.Object({ email: Email, password: Password }, {
  title: 'LoginRequest', examples: [credentials]
})

export const User = Type.Object({ id: Uuid, email: Email, created_at: Timestamp }, { title: 'User' })
export type User = Static<typeof User>

export const LoggedOut = replyOf(
  Type.Object({ message: Type.Literal('Logged out successfully') }, { title: 'LogoutResponse' }),
  'Signed out', { message: 'Logged out successfully' })

export const Task = Type.Object({
  id: Uuid, title: Type.String(), completed: Type.Boolean(), user_id: Uuid, created_at: Timestamp
}, { title: 'Task' })
export type Task = Static<typeof Task>

const created = '2026-01-12T10:30:00Z'
const user = { id: example.id, email: example.email, created_at: created }
const task = {
  id: '9b2f8c4e-3d1a-4f6b-8e7c-5a0d9c1b2e3f',
  title: 'Buy groceries',
  completed: false,
  user_id: example.id,
  created_at: created
}

export const SignedUp = replyOf(User, 'The new account, signed in', user)
export const LoggedIn = replyOf(User, 'The account, signed in', user)
export const TaskList = replyOf(
  Type.Array(Task), 'Tasks, oldest first; the header `Link` leads to the next page', [task])
export const Created = replyOf(Task, 'The new task', task)
export const Updated = replyOf(Task, 'The changed task', { ...task, title: 'Buy bread', completed: true })
export const Toggled = replyOf(Task, 'The changed task', { ...task, completed: true })

export const TaskPath = Type.Object({
  task_id: Type.String({ format: 'uuid', description: 'The id of the task', examples: [task.id] })
})

export const TaskCreate = Type.Object({ title: Title }, {
  title: 'CreateTaskRequest', examples: [{ title: task.title }]
})

export const TaskUpdate = Type.Object({ title: Type.Optional(Title), completed: Type.Optional(Type.Boolean()) }, {
  title: 'UpdateTaskRequest', examples: [{ title: 'Buy bread', completed: true }]
})

export const maxPage = 1_000

export const TaskQuery = pageQuery({ max: maxPage, id: task.id, cursorFrom: 'the `Link` of the page before' })

const ErrorBody = Type.Object({ detail: Type.String() }, { title: 'Error' })

const ValidationProblem = Type.Object({
  type: Type.String(),
  loc: Type.Array(Type.String(), { description: 'The part of the request, and the path in it' }),
  msg: Type.String()
}, { title: 'ValidationProblem' })

const ValidationError = Type.Object({ detail: Type.Array(ValidationProblem) }, { title: 'ValidationError' })

export const failures = failureSchemas(tasksErrors, ErrorBody, { 422: ValidationError })
