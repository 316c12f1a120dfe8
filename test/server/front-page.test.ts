import t, { type Test } from 'tap'
import { toHtml } from '../../src/server/front-page-html.js'
import { version } from '../../src/version.js'
import { noBrowser, openPage } from '../support/browser.js'
import { build } from '../support/build.js'
import { send } from '../support/http.js'
import { sendBytes } from '../support/raw-http.js'
import type { Overrides } from '../support/settings.js'

const browserAccepts = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'

const html = (url: string) => send(`${url}/`, { headers: { accept: browserAccepts } })

t.test('GET / describes the listener', async t => {
  const server = await build(t)
  const { api, tasks, web, ops } = server

  await t.test('to a client as JSON', async t => {
    for (const accept of ['*/*', 'application/json', 'text/html;q=0, */*', 'text/html;q=0.5, application/json', '']) {
      const { status, headers, body } = await send(`${api}/`, { headers: { accept } })
      t.equal(status, 200)
      t.equal(headers.get('content-type'), 'application/json; charset=utf-8', accept)
      t.same(Object.keys(body), ['name', 'version', 'contracts', 'links', 'listeners'])
      t.match(body, { name: 'Keyturn', version, links: { documentation: '/docs', openapi: '/openapi.json' } })
      t.match(body.contracts, ['partner', 'session', 'spa', 'oauth'].map(name => ({ name, description: /\w+/ })))
    }
  })

  await t.test('to a client that says nothing about itself as JSON', async t => {
    const text = await sendBytes(api, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    t.match(text, /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\n\{"name":"Keyturn",/s)
  })

  await t.test('to a browser as a page with working links and without scripts', async t => {
    for (const [url, contract] of [[api, 'partner'], [tasks, 'tasks'], [web, 'web'], [ops, 'ops']] as const) {
      const { status, headers, text } = await html(url)
      t.equal(status, 200)
      t.equal(headers.get('content-type'), 'text/html; charset=utf-8')
      t.match(headers.get('content-security-policy'), /^default-src 'none'; style-src 'sha256-[^']+'; /)
      t.equal(headers.get('x-content-type-options'), 'nosniff')
      t.match(text, `<dt>${contract}</dt>`)
      t.notMatch(text, /<script|javascript:| on\w+=/i)
      const links = [...text.matchAll(/href="([^"]+)"/g)].map(([, path = '']) => new URL(path, url).href)
      for (const path of ['/docs', '/openapi.json']) t.ok(links.includes(`${url}${path}`), path)
      for (const path of ['/livez', '/readyz', '/metrics']) t.ok(links.includes(`${ops}${path}`), path)
      for (const link of links) t.equal((await send(link)).status, 200, link)
    }
  })

  await t.test('with where the other listeners are', async t => {
    const { body } = await send(`${api}/`)
    t.same(body.listeners, [
      { url: tasks, contracts: ['tasks'] }, { url: web, contracts: ['web'] }, { url: ops, contracts: ['ops', 'admin'] }
    ])
  })

  await t.test('afresh each time, one for each kind of client', async t => {
    for (const accept of ['*/*', browserAccepts]) {
      const { headers } = await send(`${api}/`, { headers: { accept } })
      t.equal(headers.get('cache-control'), 'no-cache')
      t.equal(headers.get('vary'), 'Accept')
    }
  })

  await t.test('also to HEAD, and to no other method', async t => {
    const head = await send(`${api}/`, { method: 'HEAD', headers: { accept: browserAccepts } })
    t.match(head, { status: 200, text: '' })
    t.equal(head.headers.get('content-length'), String(Buffer.byteLength((await html(api)).text)))
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      t.match(await send(`${api}/`, { method }), { status: 404, body: { error: { code: 'NOT_FOUND' } } }, method)
    }
  })

  await t.test('and is no part of the OpenAPI document', async t => {
    for (const url of server.addresses) t.notOk('/' in (await send(`${url}/openapi.json`)).body.paths, url)
  })
})

async function published (t: Test, settings: Overrides = {}) {
  return await build(t, { settings: { issuer: 'https://auth.example.com', ...settings } })
}

t.test('keeps the other listeners from strangers, not from operators', async t => {
  const { api, tasks, web, ops } = await published(t)
  for (const url of [api, tasks, web]) {
    const { body, text } = await send(`${url}/`)
    t.same(body.links, { documentation: '/docs', openapi: '/openapi.json' })
    for (const said of [text, (await html(url)).text]) t.notMatch(said, /\d{4,5}\b(?!;)|127\.0\.0\.1|ops/, 'no port')
  }
  const { body } = await send(`${ops}/`)
  t.same(body.links.readiness, '/readyz')
  t.match(body.listeners, [{ url: api }, { url: tasks }, { url: web }])
})

t.test('names no health routes where no listener has them', async t => {
  const { addresses: [url = ''] } = await build(t, {
    settings: { listen: [{ host: '127.0.0.1', port: 0, contracts: ['web'] }] }
  })
  const { body, text } = { ...await send(`${url}/`), text: (await html(url)).text }
  t.same(body.listeners, [])
  t.same(body.links, { documentation: '/docs', openapi: '/openapi.json' })
  t.notMatch(text, 'Served elsewhere')
})

t.test('tells caches of CORS and of the kind of client', async t => {
  const { api } = await published(t, { corsOrigins: ['https://app.example.com'] })
  const { headers } = await send(`${api}/`, { headers: { origin: 'https://app.example.com' } })
  t.equal(headers.get('vary'), 'Origin, Accept')
  t.equal(headers.get('access-control-allow-origin'), 'https://app.example.com')
})

t.test('escapes text', t => {
  const hostile = '<img src=x onerror="alert(1)">&\''
  const page = toHtml({
    name: 'Keyturn',
    version: hostile,
    contracts: [{ name: hostile, description: hostile }],
    links: { [hostile]: hostile },
    listeners: [{ url: hostile, contracts: [hostile] }]
  })
  t.notMatch(page, '<img')
  t.notMatch(page, hostile)
  t.equal(page.split('&#60;img src=x onerror=&#34;alert(1)&#34;&#62;&#38;&#39;').length - 1, 9)
  t.end()
})

t.test('the page leads a browser to the documentation, and its policy lets its style through', { skip: noBrowser },
  async t => {
    const { api } = await build(t)
    const page = await openPage(t)
    const complaints: string[] = []
    page.on('console', message => complaints.push(message.text()))
    page.on('pageerror', error => complaints.push(String(error)))
    await page.goto(`${api}/`)
    t.equal(await page.title(), 'Keyturn')
    const [term, description] = await Promise.all(['dt', 'dd'].map(name => page.locator(name).first().boundingBox()))
    t.equal(term?.y, description?.y, 'side by side')
    await page.getByRole('link', { name: '/docs' }).click()
    await page.locator('.opblock').first().waitFor()
    t.match(await page.title(), /^Keyturn/)
    t.same(complaints, [])
  })
