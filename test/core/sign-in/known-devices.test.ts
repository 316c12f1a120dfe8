import t from 'tap'
import { createKeyring } from '../../../src/core/keys/keyring.js'
import { createKnownDevices, deviceLifetime } from '../../../src/core/sign-in/known-devices.js'

const start = Date.UTC(2026, 0, 1)
const secret = 'a secret of at least 32 bytes, no less'
const email = 'user@example.com'

function devicesAt (now: number, ...secrets: [string, string?]) {
  return createKnownDevices({ keyring: createKeyring(...secrets), now: () => now })
}

t.test('a device is recognized by what the account\'s sign-in gave it, and each device is another one', async t => {
  const devices = devicesAt(start, secret)
  const [one, other] = [devices.issue(email), devices.issue(' User@Example.com ')]
  t.match(devices.recognize(one, email), /^[\w-]{22}$/)
  t.match(devices.recognize(other, email), /^[\w-]{22}$/, 'however the email is written')
  t.not(devices.recognize(one, email), devices.recognize(other, email))
})

t.test('of another account, with a changed byte or a made-up time, it is no device', async t => {
  const devices = devicesAt(start, secret)
  const token = devices.issue(email)
  t.equal(devices.recognize(token, 'other@example.com'), null)
  t.equal(devices.recognize(token.replace(/^\d/, digit => String((Number(digit) + 1) % 10)), email), null)
  for (let at = 0; at < token.length; at += 1) {
    const changed = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
    // The last character of each part has bits that mean nothing.
    if (devices.recognize(changed, email) !== null) t.ok([32, token.length - 1].includes(at), String(at))
  }
  for (const text of [null, '', 'x', token.slice(1), `${token}x`, `${token}.${token}`]) {
    t.equal(devices.recognize(text, email), null)
  }
  t.equal(devicesAt(start, 'another secret of at least 32 bytes').recognize(token, email), null)
})

t.test('it outlives a change of the secret, and ends after 400 days', async t => {
  const token = devicesAt(start, secret).issue(email)
  t.ok(devicesAt(start, 'another secret of at least 32 bytes', secret).recognize(token, email))
  t.ok(devicesAt(start + deviceLifetime * 1000, secret).recognize(token, email))
  t.equal(devicesAt(start + (deviceLifetime + 1) * 1000, secret).recognize(token, email), null)
})
