import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { noBrowser, openPage } from '../../../test/support/browser.js'
import { build } from '../../../test/support/build.js'
import { newPerson } from '../../../test/support/people.js'
import { bundle } from './support/bundle.js'

const worker = `
  import { createClient } from '/client.js'
  self.addEventListener('install', () => self.skipWaiting())
  self.addEventListener('activate', event => event.waitUntil(self.clients.claim()))
  self.addEventListener('message', async ({ data: { baseUrl, credentials }, ports: [port] }) => {
    const auth = createClient({ baseUrl })
    await auth.signIn(credentials)
    port.postMessage((await auth.request('GET', '/me')).user.email)
    auth.dispose()
  })`

/** Serves the package to pages of one origin. */
async function serve (t: Test): Promise<string> {
  const files: Record<string, [type: string, text: string]> = {
    '/': ['text/html', '<!doctype html><title>App</title>'],
    '/client.js': ['text/javascript', await bundle()],
    '/worker.js': ['text/javascript', worker]
  }
  const server = createServer((request, response) => {
    const [type, text] = files[String(request.url)] ?? ['text/plain', '']
    response.setHeader('content-type', type).end(text)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => { server.close() })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

t.test('tabs of a browser share one session without a lock, and a service worker has its own', {
  skip: noBrowser
}, async t => {
  const origin = await serve(t)
  const { api: baseUrl } = await build(t, { settings: { corsOrigins: [origin] } })
  const credentials = { ...newPerson(), username: undefined }
  const first = await openPage(t)
  const tabs = [first, await first.context().newPage(), await first.context().newPage()]
  for (const tab of tabs) {
    await tab.goto(origin)
    await tab.evaluate(`import('/client.js').then(async ({ createClient, webStorage }) => {
      globalThis.auth = createClient({ baseUrl: '${baseUrl}', storage: webStorage(localStorage), clientName: 'Tab' })
      globalThis.events = []
      auth.onChange(({ type }) => events.push(type))
      await auth.ready
    })`)
  }
  const email = () => Promise.all(tabs.map(tab => tab.evaluate('auth.session?.user.email')))
  await first.evaluate(`auth.signUp(${JSON.stringify(credentials)})`)
  for (const tab of tabs) await tab.waitForFunction('auth.session !== null')
  t.same(await email(), tabs.map(() => credentials.email), 'signed in everywhere')

  const stored = () => first.evaluate('JSON.parse(localStorage.keyturn).refreshToken')
  const before = await stored()
  await Promise.all(tabs.map(tab => tab.evaluate('Promise.all([auth.refresh(), auth.refresh()])')))
  t.not(await stored(), before)
  for (const tab of tabs) {
    t.equal(await tab.evaluate('auth.request("GET", "/sessions").then(({ sessions }) => sessions.length)'), 1)
    t.equal(await tab.evaluate(`auth.fetch('${baseUrl}/api/account/me').then(({ status }) => status)`), 200)
  }

  t.equal(await first.evaluate(`(async () => {
    const { active } = await navigator.serviceWorker.register('/worker.js', { type: 'module' })
      .then(() => navigator.serviceWorker.ready)
    const { port1, port2 } = new MessageChannel()
    active.postMessage({ baseUrl: '${baseUrl}', credentials: ${JSON.stringify(credentials)} }, [port2])
    return new Promise(resolve => { port1.onmessage = ({ data }) => resolve(data) })
  })()`), credentials.email)

  await first.evaluate('auth.signOut()')
  for (const tab of tabs) await tab.waitForFunction('auth.session === null')
  t.same(await Promise.all(tabs.map(tab => tab.evaluate('events.at(-1)'))), tabs.map(() => 'signed-out'))
})
