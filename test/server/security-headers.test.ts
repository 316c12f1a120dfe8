import t from 'tap'
import { build } from '../support/build.js'
import { post, send } from '../support/http.js'

const everywhere = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-resource-policy': 'same-origin'
}

t.test('every reply of every listener keeps a browser from guessing, framing and leaking', async t => {
  const { api, tasks, web, ops } = await build(t)
  const replies = [
    await send(`${api}/openapi.json`), await post(`${api}/api/auth/login`, {}), await send(`${api}/nowhere`),
    await send(`${api}/api/auth/login`), await send(`${tasks}/tasks`), await send(`${web}/auth/me`),
    await send(`${ops}/livez`), await send(`${api}/`)
  ]
  for (const { headers } of replies) {
    for (const [name, value] of Object.entries(everywhere)) t.equal(headers.get(name), value, name)
    t.equal(headers.get('content-security-policy'), "default-src 'none';frame-ancestors 'none'")
    t.equal(headers.get('strict-transport-security'), null, 'over plain HTTP it would mean nothing')
  }
})

t.test('pages have a policy with what they need, and no more', async t => {
  const { api } = await build(t)
  const docs = await send(`${api}/docs/`)
  t.match(docs.headers.get('content-security-policy'), /^default-src 'none'; script-src 'self'; /)
  t.equal(docs.headers.get('x-content-type-options'), 'nosniff')
  const front = await send(`${api}/`, { headers: { accept: 'text/html' } })
  t.match(front.headers.get('content-security-policy'), /style-src 'sha256-/)
})

t.test('where PUBLIC_URL is https, browsers use nothing else from then on', async t => {
  const { api } = await build(t, { settings: { issuer: 'https://auth.example.com' } })
  const { headers } = await send(`${api}/openapi.json`)
  t.equal(headers.get('strict-transport-security'), 'max-age=63072000; includeSubDomains')
})
