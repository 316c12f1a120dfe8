import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import type { FastifyRequest } from 'fastify'
import { authentication } from '../../http/authentication.js'
import type { ContractOptions } from '../../http/contract.js'
import { bodyFailures, cookieFailures, tokenFailures } from '../../http/failure-schemas.js'
import { accessTokenFrom } from '../../http/access-token-source.js'
import { ignoreBodies } from '../../http/ignored-body.js'
import { readLimit } from '../../http/paging.js'
import { authTokenCookie } from './cookie.js'
import {
  Created, failures, maxPage, TaskCreate, TaskList, TaskPath, TaskQuery, TaskUpdate, Toggled, Updated
} from './schemas.js'
import { toTask } from './views.js'

const shared = { tags: ['tasks'], security: [{ bearer: [] }, { auth_token: [] }] }

const changeFailures = [...tokenFailures, ...cookieFailures] as const

/** Of a route that names a task. */
const taskFailures = [...changeFailures, 'task_not_found', 'task_forbidden', 'invalid_body'] as const

/** Each account's own tasks. */
export const taskRoutes: FastifyPluginAsyncTypebox<ContractOptions> = async (app, { core, settings }) => {
  const { check, principalOf } = authentication(core, accessTokenFrom(settings, authTokenCookie(settings).name))
  const ownerOf = (request: FastifyRequest): string => principalOf(request).accountId
  const { tasks } = core
  app.addHook('onRequest', check)

  app.get('/tasks', {
    schema: {
      ...shared,
      operationId: 'listTasks',
      summary: 'List tasks, oldest first',
      description: 'Returns a page of the tasks of the account, and a header `Link` if there may be more.',
      querystring: TaskQuery,
      response: { 200: TaskList, ...failures(...tokenFailures, 'cookie_repeated', 'invalid_body') }
    },
    preValidation: readLimit
  }, async (request, reply) => {
    const { limit = maxPage, cursor } = request.query
    const page = await tasks.list(ownerOf(request), limit, cursor ?? null)
    if (page.next !== null) reply.header('link', `</tasks?limit=${limit}&cursor=${page.next}>; rel="next"`)
    return page.tasks.map(toTask)
  })

  app.post('/tasks', {
    schema: {
      ...shared,
      operationId: 'createTask',
      summary: 'Create a task',
      description: 'Creates a task that is not completed. White space around the title is removed.',
      body: TaskCreate,
      response: { 201: Created, ...failures(...changeFailures, ...bodyFailures, 'task_limit_reached') }
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
      summary: 'Update a task',
      description: 'Changes the title, `completed`, or both; what is left out stays.',
      params: TaskPath,
      body: TaskUpdate,
      response: { 200: Updated, ...failures(...taskFailures, ...bodyFailures) }
    },
    preValidation: trimTitle
  }, async request => toTask(await tasks.update(ownerOf(request), request.params.task_id, request.body)))

  await app.register(async (scope: typeof app) => {
    ignoreBodies(scope)

    scope.delete('/tasks/:task_id', {
      schema: {
        ...shared,
        operationId: 'deleteTask',
        summary: 'Delete a task',
        description: 'Deletes the task for good.',
        params: TaskPath,
        response: { 204: Type.Null({ description: 'Deleted' }), ...failures(...taskFailures) }
      }
    }, async (request, reply) => {
      await tasks.remove(ownerOf(request), request.params.task_id)
      return reply.code(204).send(null)
    })

    scope.patch('/tasks/:task_id/toggle', {
      schema: {
        ...shared,
        operationId: 'toggleTask',
        summary: 'Toggle the completion of a task',
        description: 'Sets `completed` to true if it is false, and to false if it is true.',
        params: TaskPath,
        response: { 200: Toggled, ...failures(...taskFailures) }
      }
    }, async request => toTask(await tasks.toggle(ownerOf(request), request.params.task_id)))
  })
}

/** A title's characters are counted after trimming. */
async function trimTitle ({ body }: FastifyRequest): Promise<void> {
  if (typeof body === 'object' && body !== null && 'title' in body && typeof body.title === 'string') {
    body.title = body.title.trim()
  }
}
