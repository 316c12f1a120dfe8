import type { CookieSerializeOptions } from '@fastify/cookie'
import type { FastifyReply } from 'fastify'

export interface SessionCookie {
  name: string
  set (reply: FastifyReply, token: string, maxAgeSeconds?: number): void
  clear (reply: FastifyReply): void
}

/** A cookie that holds an access token: not readable by scripts, for the whole host. */
export function sessionCookie (name: string, sameSite: 'strict' | 'lax', secure: boolean): SessionCookie {
  const attributes: CookieSerializeOptions = { httpOnly: true, sameSite, path: '/', secure }
  return {
    name,
    set (reply, token, maxAge) {
      reply.setCookie(name, token, maxAge === undefined ? attributes : { ...attributes, maxAge })
    },
    clear (reply) {
      reply.setCookie(name, '', { ...attributes, maxAge: 0 })
    }
  }
}
