import { post } from './http.js'
import type { Person } from './people.js'

/** A client as it should be: it keeps its refresh token until it has read the next one, and tries again. */
export interface Client {
  /** The status; 0 when no reply came. */
  logIn (): Promise<number>
  refresh (): Promise<number>
  validate (): Promise<number>
  /** Where the API is; another address after a restart. */
  moveTo (api: string): void
  readonly refreshToken: string
}

export function createClient (api: string, { email, password }: Person): Client {
  let tokens = { token: '', refreshToken: '' }

  async function call (route: string, body: object): Promise<{ status: number, data?: typeof tokens }> {
    try {
      const { status, body: reply } = await post(`${api}/api/auth/${route}`, body)
      return { status, data: reply?.data }
    } catch {
      return { status: 0 }
    }
  }

  async function keep (reply: ReturnType<typeof call>): Promise<number> {
    const { status, data } = await reply
    if (status === 200 && data !== undefined) tokens = data
    return status
  }

  return {
    logIn: () => keep(call('login', { email, password })),
    refresh: () => keep(call('refresh-token', { refreshToken: tokens.refreshToken })),
    validate: async () => (await call('validate-token', { token: tokens.token })).status,
    moveTo (newApi) {
      api = newApi
    },
    get refreshToken () {
      return tokens.refreshToken
    }
  }
}
