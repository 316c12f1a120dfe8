import t from 'tap'
import { until } from '../../../test/support/until.js'
import { createPartner, InvalidToken } from '../src/index.js'
import { fakeIssuer, issuer, partnerOf } from './support/fake-issuer.js'

const seconds = () => Math.floor(Date.now() / 1000)

async function refusal (work: Promise<unknown>): Promise<InvalidToken> {
  return work.then(() => { throw new Error('accepted') }, (error: unknown) => error as InvalidToken)
}

t.test('a token is refused for its reason, with the challenge of RFC 6750', async t => {
  const fake = await fakeIssuer()
  const { partner } = partnerOf(t, fake)
  for (const [reason, token] of [
    ['malformed', 'x'],
    ['malformed', await fake.token({}, { typ: 'secevent+jwt' })],
    ['malformed', await fake.token({ sub: undefined })],
    ['malformed', await fake.token({ nbf: seconds() + 60 })],
    ['bad_signature', await fake.token({}, { key: fake.otherKey })],
    ['bad_signature', await fake.token({ iat: 1 }, { kid: 'unknown' })],
    ['wrong_issuer', await fake.token({ iss: 'https://other.example' })],
    ['wrong_audience', await fake.token({ aud: 'https://other.example' })],
    ['expired', await fake.token({ exp: seconds() - 6 })]
  ] as const) {
    const error = await refusal(partner.verify(token))
    t.match(error, { reason, status: 401, challenge: 'Bearer error="invalid_token"', retryAfter: undefined }, reason)
    t.match(error, { headers: { 'www-authenticate': error.challenge }, body: { error: 'invalid_token' } })
  }
  t.match(await partner.verify(await fake.token({ exp: seconds() - 3 }, { typ: 'at+jwt' })), { id: 'account' })
})

t.test('a key that the issuer published after the set was fetched is no wrong signature', async t => {
  const fake = await fakeIssuer()
  const { partner } = partnerOf(t, fake)
  t.equal(partner.health().jwksAgeSeconds, null)
  await partner.verify(await fake.token())
  t.equal(partner.health().jwksAgeSeconds, 0)
  const token = await fake.token({ iat: seconds() + 2 }, { kid: 'two', key: fake.otherKey })
  const early = await refusal(partner.verify(token))
  t.match(early, { reason: 'unavailable', status: 503, challenge: undefined, headers: { 'retry-after': '1' } })
  t.match(early.body, { error: 'temporarily_unavailable' })
})

t.test('while the issuer is away known sessions are good for 15 s; then, and at first sight, nothing is', async t => {
  const fake = await fakeIssuer()
  let ahead = 0
  const read = performance.now.bind(performance)
  t.intercept(performance, 'now', { value: () => read() + ahead })
  const { partner, errors } = partnerOf(t, fake)
  const accepting = partnerOf(t, fake, { onUncertain: 'accept' }).partner
  const token = await fake.token()
  for (const each of [partner, accepting]) {
    await until('the feed is current', () => each.health().feed === 'current')
    await each.verify(token)
  }
  fake.state.isDown = true
  await partner.verify(token)
  const stranger = await fake.token()
  t.match(await refusal(partner.verify(stranger)), { reason: 'unavailable', status: 503 })
  t.match(await accepting.verify(stranger), { id: 'account' })
  t.match(errors.at(-1), { message: 'fetch failed' })
  ahead += 15_001
  t.equal(partner.health().feed, 'stale')
  t.match(await refusal(partner.verify(token)), { reason: 'unavailable' })
  await accepting.verify(token)
  t.equal(accepting.health().acceptedUncertain, 2)

  fake.state.isDown = false
  await until('the feed is current again', () => partner.health().feed === 'current')
  const before = fake.requests.length
  await partner.verify(token)
  t.equal(fake.requests.length, before)
})

t.test('an issuer that cannot be reached at the start, or is another one, is 503, and asked again', async t => {
  const fake = await fakeIssuer()
  fake.state.isDown = true
  const { partner } = partnerOf(t, fake)
  const token = await fake.token()
  t.match(await refusal(partner.verify(token)), { reason: 'unavailable' })
  fake.state.isDown = false
  for (const [wrong, message] of [
    [{ issuer: 'https://other.example' }, /of the issuer https:\/\/other.example/],
    [{ jwks_uri: undefined }, /shared secret/]
  ] as const) {
    const { issuer, jwks_uri: jwksUri } = fake.metadata
    Object.assign(fake.metadata, wrong)
    t.match(await refusal(partner.verify(token)), { reason: 'unavailable', cause: { message } })
    Object.assign(fake.metadata, { issuer, jwks_uri: jwksUri })
  }
  t.match(await partner.verify(token), { id: 'account' })
})

t.test('requests of one session ask once; an event meanwhile takes the answer\'s worth', async t => {
  const fake = await fakeIssuer()
  const { partner } = partnerOf(t, fake)
  await until('the feed is current', () => partner.health().feed === 'current')
  const sid = '0b9a7f2e-6f0a-4a5e-9d7a-2c1f3e8b4d55'
  const token = await fake.token({ sid })
  await Promise.all([partner.verify(token), partner.verify(token)])
  t.equal(fake.requests.filter(path => path === '/introspect').length, 1)

  const user = { format: 'iss_sub', iss: issuer, sub: 'account' }
  await fake.send(user)
  await until('it is asked about again', async () => {
    await partner.verify(token)
    return fake.requests.filter(path => path === '/introspect').length === 2
  })

  const answers: Array<(isActive: boolean) => void> = []
  let asked = 0
  fake.routes['/introspect'] = () => {
    asked += 1
    return new Promise(resolve => { answers.push(active => resolve(Response.json({ active }))) })
  }
  const sendAndWait = async (subject: object) => {
    const before = partner.health().lastEventAt
    await fake.send(subject)
    await until('the event is there', () => partner.health().lastEventAt !== before)
  }
  const other = await fake.token({ sid: 'other' })
  const outdated = Promise.all([partner.verify(other), partner.verify(other)])
  await until('it is asked about', () => asked === 1)
  await sendAndWait(user)
  answers.shift()?.(true)
  await until('it is asked about again', () => asked === 2)
  await sendAndWait(user)
  answers.shift()?.(true)
  t.equal((await outdated).length, 2, 'both are answered')

  const endingToken = await fake.token({ sid: 'ending' })
  const ending = partner.verify(endingToken).then(() => 'accepted', ({ reason }) => String(reason))
  await until('it is asked about', () => asked === 3)
  await sendAndWait({ format: 'complex', user, session: { format: 'opaque', id: 'ending' } })
  for (const expected of [3, 4]) {
    await until('it is asked about', () => asked === expected)
    answers.shift()?.(true)
  }
  t.equal(await ending, 'ended', 'whatever the answer was')
})

t.test('what the issuer calls inactive has ended, and costs no further request', async t => {
  const fake = await fakeIssuer()
  fake.state.isActive = false
  const { partner } = partnerOf(t, fake)
  const token = await fake.token({ sid: undefined })
  for (let n = 0; n < 3; n += 1) t.match(await refusal(partner.verify(token)), { reason: 'ended' })
  t.equal(fake.requests.filter(path => path === '/introspect').length, 1)
})

t.test('what is known is bounded; what was forgotten is asked about', async t => {
  const fake = await fakeIssuer()
  const { partner } = partnerOf(t, fake, { maxLive: 2, maxEnded: 4 })
  await until('the feed is current', () => partner.health().feed === 'current')
  const tokens = await Promise.all(Array.from({ length: 8 }, () => fake.token()))
  for (const token of tokens.slice(0, 3)) await partner.verify(token)
  const asked = () => fake.requests.filter(path => path === '/introspect').length
  await partner.verify(String(tokens[0]))
  t.equal(asked(), 4)
  fake.state.isActive = false
  for (const token of tokens.slice(3)) await refusal(partner.verify(token))
  t.equal(asked(), 9)
  await refusal(partner.verify(String(tokens[7])))
  t.equal(asked(), 9)
  await refusal(partner.verify(String(tokens[3])))
  t.equal(asked(), 10)
})

t.test('without onError nothing is thrown for what is reported', async t => {
  const fake = await fakeIssuer()
  fake.state.isDown = true
  const partner = createPartner({ issuer, clientId: 'x', clientSecret: 'x', fetch: fake.fetch })
  await until('it tries again', () => fake.requests.length > 2)
  t.equal(partner.health().feed, 'stale')
  await partner.close()
})

t.test('an issuer is reached over https, on this machine also over http', async t => {
  const options = { clientId: 'x', clientSecret: 'x' }
  for (const bad of ['http://auth.example.com', 'ftp://localhost']) {
    t.throws(() => createPartner({ ...options, issuer: bad }), { message: /must begin with https/ })
  }
  const fake = await fakeIssuer()
  for (const good of ['http://localhost:1', 'http://127.0.0.1:1', 'http://[::1]:1']) {
    const partner = createPartner({ ...options, issuer: good, fetch: fake.fetch })
    await partner.close()
  }
})
