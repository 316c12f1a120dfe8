import Fastify from 'fastify'
import t from 'tap'
import { listen } from '../../src/server/listen.js'

t.test('names the LISTEN entry and what to do about it', async t => {
  for (const [host, code, message] of [
    ['192.0.2.1', 'EADDRNOTAVAIL', /^LISTEN 192\.0\.2\.1:0=tasks,ops: this machine has no such address; /],
    ['2001:db8::1', 'EADDRNOTAVAIL', /^LISTEN \[2001:db8::1\]:0=tasks,ops: this machine has no such address; /]
  ] as const) {
    await t.rejects(listen(Fastify(), { host, port: 0, contracts: ['tasks', 'ops'] }), { code, message })
  }
})

t.test('repeats what the system says where there is no advice', async t => {
  const app = Fastify()
  app.listen = () => Promise.reject(Object.assign(new Error('listen EMFILE: too many files'), { code: 'EMFILE' }))
  await t.rejects(listen(app, { host: '127.0.0.1', port: 3000, contracts: ['web'] }), {
    code: 'EMFILE', message: 'LISTEN 127.0.0.1:3000=web: listen EMFILE: too many files', cause: { code: 'EMFILE' }
  })
})
