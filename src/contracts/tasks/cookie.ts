import type { ContractSettings } from '../../http/contract.js'
import { sessionCookie } from '../../http/session-cookie.js'

/** HttpOnly, SameSite=Strict, Path=/, gone when the browser is closed. */
export function authTokenCookie (settings: ContractSettings) {
  return sessionCookie('auth_token', 'strict', settings.secureCookies)
}
