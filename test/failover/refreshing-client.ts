import { setTimeout as delay } from 'node:timers/promises'
import { send } from '../support/http.js'
import { signedUp, type Person, type Tokens } from '../support/people.js'
import { until } from '../support/until.js'

/** What one client saw while the database failed over. */
export interface Seen {
  /** How often each status came; 0 stands for no reply. */
  statuses: Map<number, number>
  /** Refusals by a 401: the client is signed out. */
  signedOut: unknown[]
}

/** Between two refreshes: without it the clients take the machine that the servers need. */
const pauseMs = 50

/** A busy machine looks like a dead one to what watches over the servers, so that a 503 may come first. */
async function signedUpInTheEnd (api: string): Promise<Person & Tokens> {
  const made: Array<Person & Tokens> = []
  await until('it is signed up', () => signedUp(api).then(person => made.push(person) > 0, () => false))
  const [person] = made
  if (person === undefined) throw new Error('not signed up')
  return person
}

/** A person's application, which refreshes again and again and does with each reply what docs/refresh.md says. */
export async function refreshingClient (api: string, seen: Seen) {
  const { refreshToken: first, ...person } = await signedUpInTheEnd(api)
  const tokens = [first]
  const stopped = new AbortController()

  async function refresh (refreshToken: string): Promise<number> {
    const { status, body } = await send(`${api}/api/auth/refresh-token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ refreshToken })
    }).catch(() => ({ status: 0, body: undefined }))
    seen.statuses.set(status, (seen.statuses.get(status) ?? 0) + 1)
    if (status === 200) tokens.push(body.data.refreshToken)
    if (status === 401) seen.signedOut.push(body)
    return status
  }

  const newest = () => tokens.at(-1) ?? ''

  async function run (): Promise<void> {
    while (!stopped.signal.aborted && seen.signedOut.length === 0) {
      await refresh(newest())
      await delay(pauseMs)
    }
  }

  const running = run()
  return {
    person,
    tokens,
    newest,
    refresh,
    async stop (): Promise<void> {
      stopped.abort()
      await running
    }
  }
}
