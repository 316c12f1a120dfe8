import t from 'tap'
import { isEmail, maxEmailLength, normalizeEmail } from '../../../src/core/accounts/email.js'

t.test('an address in its plain form is an email, in one spelling', async t => {
  const long = `${'x'.repeat(maxEmailLength - '@example.com'.length)}@example.com`
  const plain = ['joe@example.com', ' Joe.O\'Neill+tag@Mail.Example.COM ', '1@2.co', 'a@xn--bcher-kva.example', long]
  for (const email of plain) {
    t.ok(isEmail(email), email)
  }
  t.equal(normalizeEmail(' Joe@Example.COM '), 'joe@example.com')
})

t.test('no email has a domain that is an IP address or no domain, or what mail servers read in two ways', async t => {
  const refused = {
    'an IPv4 address': 'joe@127.0.0.1',
    'the same in one number': 'joe@2130706433',
    'an IPv6 address': 'joe@[::1]',
    'a number at the end': 'joe@example.1',
    'one label': 'joe@localhost',
    'an empty label': 'joe@example..com',
    'a hyphen at an end': 'joe@-example.com',
    'two at signs': 'joe@evil.example@example.com',
    'a quoted name': '"joe"@example.com',
    'a comment': 'joe(x)@example.com',
    'a list': 'joe@example.com,eve@evil.example',
    'a line break': 'joe@example.com\r\nBcc: eve@evil.example',
    'letters that look alike': 'jo\u0435@example.com',
    'one character too many': `${'x'.repeat(maxEmailLength - '@example.com'.length + 1)}@example.com`,
    nothing: ''
  }
  for (const [what, email] of Object.entries(refused)) t.notOk(isEmail(email), what)
})
