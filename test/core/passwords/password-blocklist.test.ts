import t from 'tap'
import { createPasswordBlocklist } from '../../../src/core/passwords/password-blocklist.js'
import { outcomeOf } from '../../support/refusal.js'

const john = { email: 'john.doe@example.com', username: 'jdoe', name: 'John Robert Doe' }

const blocklist = createPasswordBlocklist({ host: 'auth.acme.example' })
const outcome = (password: string, names = john) => outcomeOf(blocklist.refuseCommon(password, names))

t.test('a password that is among the most used is refused, in whatever case or width', async t => {
  for (const password of ['password', 'PassWord', '12345678', 'qwertyui', 'iloveyou', 'password123', 'ｐａｓｓｗｏｒｄ']) {
    t.equal(await outcome(password), 'password_common', password)
  }
})

t.test('so is a name of the account or of the service, with whatever digits and signs around it', async t => {
  const names = [
    'john.doe@example.com', 'JOHN.DOE@EXAMPLE.COM', 'johndoe1!', 'John-2026', '1990doe1990', 'jdoe!!!!!', 'robert99',
    'John Robert Doe', 'keyturn1', 'K3E3Y3T3U3R3N', 'acme2026', 'auth.acme.example'
  ]
  for (const password of names) t.equal(await outcome(password), 'password_common', password)
})

t.test('every other password is taken, also one that has a name or a known password in it', async t => {
  const others = [
    'correct horse battery', 'john likes his garden', 'password of mine', '82739127', '        ', 'ü-ñ-密码密码密码'
  ]
  for (const password of others) t.equal(await outcome(password), 'granted', password)
  t.equal(await outcome('3-7-4-1-9-6', { ...john, username: '374196' }), 'granted', 'a name without letters is none')
})
