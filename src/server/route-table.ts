import type { FastifyInstance, RouteOptions } from 'fastify'
import type { errorHandler } from './error-handler.js'
import { HttpFailure } from '../http/failure.js'

/** A route that two contracts of one listener both define. */
export class RouteConflict extends Error {
  constructor (route: string, first: string, second: string) {
    super(`contracts "${first}" and "${second}" both define ${route}; put them on different ports in LISTEN`)
    this.name = 'RouteConflict'
  }
}

interface Path<Name> {
  owner: Name
  methods: Map<string, Name>
}

/** Which contract of a listener defines which method of which path. */
export function createRouteTable<Name extends string> () {
  const paths = new Map<string, Path<Name>>()

  return {
    /** An `onRoute` hook for the scope of the contract of this name. @throws RouteConflict */
    recorder (name: Name) {
      return ({ method, url }: RouteOptions): void => {
        const path = paths.get(url) ?? { owner: name, methods: new Map<string, Name>() }
        for (const each of [method].flat()) {
          const first = path.methods.get(each) ?? name
          if (first !== name) throw new RouteConflict(`${each} ${url}`, first, name)
          path.methods.set(each, name)
        }
        paths.set(url, path)
      }
    },

    /** Answers every other method of the recorded paths with 405 and `Allow` (RFC 9110 15.5.6). */
    refuseOtherMethods (app: FastifyInstance, errorHandlerOf: (name: Name) => ReturnType<typeof errorHandler>): void {
      for (const [url, { owner, methods }] of paths) {
        const allow = [...methods.keys()].join(', ')
        app.route({
          method: app.supportedMethods.filter(method => !methods.has(method)),
          url,
          schema: { hide: true },
          errorHandler: errorHandlerOf(owner),
          // Before the body is parsed, which does not matter here.
          onRequest: async (_request, reply) => {
            reply.header('allow', allow)
            throw new HttpFailure('method_not_allowed')
          },
          // Never reached: the hook has answered.
          /* c8 ignore next */
          handler: () => {}
        })
      }
    }
  }
}
