import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import type { FastifyRequest } from 'fastify'
import { authentication } from '../../http/authentication.js'
import type { ContractOptions } from '../../http/contract.js'
import { accessTokenFrom } from '../../http/access-token-source.js'
import { authTokenCookie } from './cookie.js'
import { failures, Task, TaskCreate, TaskList, TaskPath, TaskQuery, TaskUpdate } from './schemas.js'
import { toTask } from './views.js'

const shared = { tags: ['tasks'], security: [{ bearer: [] }, { auth_token: [] }] }

/** Seed 002: each account's own tasks. */
export const taskRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, settings }) => {
  const { check, principalOf } = authentication(core, accessTokenFrom(settings, authTokenCookie(settings).name))
  const ownerOf = (request: FastifyRequest): string => principalOf(request).accountId
  const { tasks } = core
  app.addHook('onRequest', check)

  app.get('/tasks', {
    schema: {
      ...shared,
      operationId: 'listTasks',
      summary: 'All tasks, oldest first',
      querystring: TaskQuery,
      response: { 200: TaskList, ...failures(401, 422) }
    }
  }, async (request, reply) => {
    const { limit, cursor } = request.query
    const page = await tasks.list(ownerOf(request), limit === undefined ? null : Number(limit), cursor ?? null)
    if (page.next !== null) reply.header('link', `</tasks?limit=${limit}&cursor=${page.next}>; rel="next"`)
    return page.tasks.map(toTask)
  })

  app.post('/tasks', {
    schema: {
      ...shared,
      operationId: 'createTask',
      summary: 'Make a task',
      body: TaskCreate,
      response: { 201: Task, ...failures(401, 403, 422) }
    },
    preValidation: trimTitle
  }, async (request, reply) => {
    const task = await tasks.create(ownerOf(request), request.body.title)
    return reply.code(201).send(toTask(task))
  })

  app.put('/tasks/:task_id', {
    schema: {
      ...shared,
      operationId: 'updateTask',
      summary: 'Change title, completion, or both',
      params: TaskPath,
      body: TaskUpdate,
      response: { 200: Task, ...failures(401, 403, 404, 422) }
    },
    preValidation: trimTitle
  }, async request => toTask(await tasks.update(ownerOf(request), request.params.task_id, request.body)))

  app.delete('/tasks/:task_id', {
    schema: {
      ...shared,
      operationId: 'deleteTask',
      summary: 'Delete a task',
      params: TaskPath,
      response: { 204: Type.Null({ description: 'Deleted' }), ...failures(401, 403, 404, 422) }
    }
  }, async (request, reply) => {
    await tasks.remove(ownerOf(request), request.params.task_id)
    return reply.code(204).send(null)
  })

  app.patch('/tasks/:task_id/toggle', {
    schema: {
      ...shared,
      operationId: 'toggleTask',
      summary: 'Turn completed into not completed, and back',
      params: TaskPath,
      response: { 200: Task, ...failures(401, 403, 404, 422) }
    }
  }, async request => toTask(await tasks.toggle(ownerOf(request), request.params.task_id)))
}

/** The seed counts a title's characters after trimming. */
async function trimTitle ({ body }: FastifyRequest): Promise<void> {
  if (typeof body === 'object' && body !== null && 'title' in body && typeof body.title === 'string') {
    body.title = body.title.trim()
  }
}
