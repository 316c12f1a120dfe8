import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Account } from '../core/accounts/account.js'
import { deviceLifetime } from '../core/sign-in/known-devices.js'
import type { ContractOptions } from './contract.js'
import { noteActing } from './request-outcome.js'

/** Both ways: a client without cookies keeps what a sign-in sends it, and sends it with the next one. */
const header = 'keyturn-device'
const cookie = 'keyturn_device'
const hostCookie = `__Host-${cookie}`

/** What a device sends to be recognized, or `null`. A client that sends the header keeps no cookies. */
export function deviceTokenOf (request: FastifyRequest): string | null {
  const sent = request.headers[header]
  // Without the plugin for cookies, in contracts that have none, a request has no member for them.
  const cookies = request.cookies as typeof request.cookies | undefined
  return typeof sent === 'string' ? sent : cookies?.[hostCookie] ?? cookies?.[cookie] ?? null
}

/**
 * Returns what sends, after a sign-in, the token by which the device is recognized at the next one (OWASP, device
 * cookies).
 * @param hasCookies whether the contract keeps tokens in cookies
 */
export function deviceMemory ({ core, settings }: Pick<ContractOptions, 'core' | 'settings'>, hasCookies: boolean) {
  return function rememberDevice (reply: FastifyReply, account: Pick<Account, 'id' | 'email'>): void {
    noteActing(reply.request, account)
    const token = core.signIn.deviceToken(account.email)
    reply.header(header, token)
    if (!hasCookies) return
    const { secureCookies: secure, cookiePrefix } = settings
    reply.setCookie(`${cookiePrefix}${cookie}`, token, {
      httpOnly: true, sameSite: 'lax', path: '/', secure, maxAge: deviceLifetime
    })
  }
}
