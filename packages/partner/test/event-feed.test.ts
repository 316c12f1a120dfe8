import t from 'tap'
import { until } from '../../../test/support/until.js'
import { fakeIssuer, issuer, partnerOf } from './support/fake-issuer.js'

t.test('events are acknowledged when they were applied; what cannot be read is refused and reported', async t => {
  const fake = await fakeIssuer()
  const { partner, errors } = partnerOf(t, fake)
  const good = await fake.send({ format: 'iss_sub', iss: issuer, sub: 'account' })
  const forged = await fake.send({}, { typ: 'secevent+jwt', key: fake.otherKey })
  const accessToken = await fake.send({}, { typ: 'JWT' })
  const without = await fake.send({ format: 'opaque' })
  const done = () => JSON.stringify(fake.polls)
  await until('all came', () => done().includes(without))
  for (const id of [good, without]) t.match(done(), `"ack":["${id}"]`)
  for (const id of [forged, accessToken]) t.match(done(), `"setErrs":{"${id}":{"err":"authentication_failed"`)
  t.equal(errors.length, 2)
  t.match(partner.health().lastEventAt, Date)
})

t.test('a stream that exists is used; an issuer without one is asked about each request', async t => {
  const fake = await fakeIssuer()
  let listed = 0
  const create = fake.routes['/streams']
  fake.routes['/streams'] = async body => {
    listed += 1
    if (listed === 1) return Response.json({ error: 'stream_exists' }, { status: 409 })
    return Response.json([await (await create?.(body))?.json()])
  }
  const { partner } = partnerOf(t, fake)
  await until('the feed is current', () => partner.health().feed === 'current')
  t.equal(listed, 2)

  fake.routes['/.well-known/ssf-configuration'] = () => Response.json({ issuer })
  const bare = partnerOf(t, fake).partner
  await until('there is no feed', () => bare.health().feed === 'off')
  delete fake.routes['/.well-known/ssf-configuration']
  const other = partnerOf(t, fake).partner
  await until('there is no feed', () => other.health().feed === 'off')
  const token = await fake.token()
  for (let n = 0; n < 2; n += 1) await other.verify(token)
  t.equal(fake.requests.filter(path => path === '/introspect').length, 2)
})

t.test('a feed that is behind is not current; a failed poll is tried again, and close ends it at once', async t => {
  const fake = await fakeIssuer()
  const poll = fake.routes['/poll']
  fake.routes['/poll'] = () => Response.json({ sets: {}, moreAvailable: true })
  const { partner, errors } = partnerOf(t, fake)
  await until('it polls', () => fake.requests.includes('/streams'))
  await new Promise(resolve => { setTimeout(resolve, 20) })
  t.equal(partner.health().feed, 'stale')
  fake.routes['/poll'] = () => Response.json({ error: 'unavailable' }, { status: 503 })
  await until('it is reported', () => errors.length > 0)
  t.match(errors, [{ message: /^events: 503/ }])
  fake.routes['/poll'] = poll ?? (() => Response.error())
  await until('the feed is current', () => partner.health().feed === 'current')
  fake.routes['/poll'] = () => new Promise(() => {})
  // Without waiting for that poll, which never ends.
  await partner.close()
})

t.test('an event is not refused while the keys cannot be had', async t => {
  const fake = await fakeIssuer()
  const keys = fake.routes['/jwks']
  fake.routes['/jwks'] = () => Response.json({}, { status: 500 })
  const id = await fake.send({ format: 'iss_sub', iss: issuer, sub: 'account' })
  const { partner, errors } = partnerOf(t, fake)
  await until('the poll has failed', () => errors.length > 0)
  t.match(errors, [{ reason: 'unavailable' }])
  fake.routes['/jwks'] = keys ?? (() => Response.error())
  await until('the feed is current', () => partner.health().feed === 'current')
  t.notMatch(JSON.stringify(fake.polls), id, 'neither acknowledged nor refused')
})
