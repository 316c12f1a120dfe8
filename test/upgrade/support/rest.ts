import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { bearer, say } from './conversation.js'
import type { Left } from './fixture.js'
import type { OldRelease } from './old-release.js'
import { loggedIn, password, posted } from './old-users.js'

/** Longer than the server's jobs wait between two rounds. */
const jobsMs = 12_000

const email = 'somebody@example.com'

/** Does what neither the rows nor the conversation came by, so that every statement is prepared once. */
export async function useTheRest ({ command, serving }: OldRelease, { emails, client }: Left): Promise<void> {
  await serving({}, async addresses => {
    const auth = (path: string, json?: object, headers = {}) =>
      posted(addresses, 'api', `/api/auth/${path}`, json, headers)
    const { token: first } = await auth('sign-up/email', { name: 'Somebody', email, password })
    await auth('refresh', undefined, bearer(first))
    await auth('refresh', undefined, bearer(first))
    const headers = bearer((await auth('sign-in/email', { email, password })).token)
    await auth('revoke-session', { token: randomUUID() }, headers)
    await auth('revoke-other-sessions', undefined, headers)
    const unchanged = { currentPassword: password, newPassword: password }
    await auth('change-password', { ...unchanged, revokeOtherSessions: false }, headers)

    const tasks = (route: string, json?: object) => say(addresses, { at: 'tasks', route, json, headers })
    const { body: { id } } = await tasks('POST /tasks', { title: 'One' })
    await tasks('POST /tasks', { title: 'Two' })
    const page = await tasks('GET /tasks?limit=1')
    await tasks(`GET ${/<([^>]+)>/.exec(page.headers.get('link') ?? '')?.[1] ?? ''}`)
    await tasks(`PUT /tasks/${id}`, { title: 'Three', completed: true })
    await tasks(`PATCH /tasks/${id}/toggle`)
    await tasks(`DELETE /tasks/${id}`)
    await tasks(`DELETE /tasks/${id}`)
    await fetch(`${addresses.ops}/readyz`)
    await delay(jobsMs)
  })
  // Stronger hashes: at the next sign-in an account gets one.
  await serving({ PASSWORD_HASH_PASSES: '3' }, async addresses => {
    await loggedIn(addresses, 'wes@example.com')
    await posted(addresses, 'api', '/api/auth/sign-in/email', { email: 'tess@example.com', password })
  })
  const sessions = JSON.parse(await command(['session', 'list', emails.ada, '--json'])) as Array<{ id: string }>
  await command(['session', 'revoke', emails.ada, sessions[0]?.id ?? ''])
  await command(['session', 'revoke', emails.ada, '--all'])
  await command(['account', 'show', emails.grace])
  await command(['account', 'list'])
  await command(['account', 'enable', emails.disabled])
  await command(['account', 'subscription', emails.grace, '--none'])
  await command(['key', 'list'])
  await command(['key', 'rotate'])
  await command(['key', 'rotate', '--now'])
  await command(['client', 'list'])
  await command(['client', 'remove', client.id])
}
