import t from 'tap'
import { build } from '../support/build.js'
import { send } from '../support/http.js'
import { loggedIn, registered } from '../support/people.js'

t.test('API_DOCS=off: no listener serves its documentation or links to it, and all else is served', async t => {
  const { api, tasks, web, ops } = await build(t, { settings: { apiDocs: 'off' } })
  for (const listener of [api, tasks, web, ops]) {
    for (const path of ['/docs', '/docs/static/index.html', '/openapi.json']) {
      t.equal((await send(listener + path, { redirect: 'manual' })).status, 404, path)
    }
    const { body: { links } } = await send(`${listener}/`)
    t.notOk('documentation' in links || 'openapi' in links)
    const { text } = await send(`${listener}/`, { headers: { accept: 'text/html' } })
    t.notMatch(text, /\/docs|openapi/, 'not even for the icon')
  }
  t.notOk('service_documentation' in (await send(`${api}/.well-known/oauth-authorization-server`)).body)
  t.ok(await loggedIn(api, await registered(api)))
})

t.test('by default every listener serves its documentation, and the metadata say where it is', async t => {
  const { api, tasks, web, ops, settings } = await build(t)
  for (const listener of [api, tasks, web, ops]) {
    for (const path of ['/docs', '/openapi.json']) t.equal((await send(listener + path)).status, 200, path)
  }
  const { body } = await send(`${api}/.well-known/oauth-authorization-server`)
  t.equal(body.service_documentation, `${settings.issuer}/docs`)
})
