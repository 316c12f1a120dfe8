import argon2 from 'argon2'
import t, { type Test } from 'tap'
import { loadSettings } from '../../../src/config/settings.js'
import { contractNames } from '../../../src/contracts/index.js'
import { createHashingQueue } from '../../../src/core/passwords/hashing-queue.js'
import { createPasswordBlocklist } from '../../../src/core/passwords/password-blocklist.js'
import {
  createPasswordHashing, isStorablePassword, maxPasswordBytes
} from '../../../src/core/passwords/password-hashing.js'
import { clientInfo, password, signedIn } from '../../support/accounts.js'
import { secondCore } from '../../support/second-core.js'
import { buildCore } from '../../support/build.js'
import { outcomeOf } from '../../support/refusal.js'

const cheap = { memory: 1024, passes: 2 }

const blocklist = createPasswordBlocklist({ host: 'localhost' })

const passwordsOf = (cost = cheap) =>
  createPasswordHashing({ queue: createHashingQueue({ concurrency: 2, queue: 1_000 }), blocklist, cost })

/** The hashes that argon2 is given to check from now on, in this process. */
function checkedHashes (t: Test): string[] {
  const seen: string[] = []
  const { verify } = argon2
  Object.assign(argon2, {
    verify: (hash: string, ...rest: [Buffer]) => {
      seen.push(hash)
      return verify(hash, ...rest)
    }
  })
  t.teardown(() => Object.assign(argon2, { verify }))
  return seen
}

/** Algorithm, version and cost of a hash, whatever the order they are written in. */
function parametersOf (hash = ''): string {
  const [, algorithm = '', version = '', cost = ''] = hash.split('$')
  return [algorithm, version, ...cost.split(',').sort()].join()
}

const bytesOf = (hash: string) => hash.split('$').slice(4).map(part => Buffer.from(part, 'base64').length)

t.test('by default a password is hashed with argon2id, m=19456, t=2, p=1, a salt of 128 bits', async t => {
  const passwords = passwordsOf(loadSettings({}, contractNames).passwords)
  const hashes = await Promise.all([1, 2].map(() => passwords.hash(password, 8)))
  for (const hash of hashes) {
    t.equal(parametersOf(hash), 'argon2id,v=19,m=19456,p=1,t=2')
    t.same(bytesOf(hash), [16, 32])
  }
  t.equal(new Set(hashes.map(hash => hash.split('$')[4])).size, 2, 'no salt is used twice')
  t.ok(await passwords.verify(hashes[0] ?? null, password))
})

/** One password, and others that a careless comparison takes for it. */
const lookalikes: Record<string, [string, ...string[]]> = {
  'the 73rd byte': ['x'.repeat(72), 'x'.repeat(73), `${'x'.repeat(72)}y`],
  'the 128th character': ['x'.repeat(127) + 'a', 'x'.repeat(127) + 'b', 'x'.repeat(127)],
  'the last of 1,024 bytes': ['x'.repeat(1_023) + 'a', 'x'.repeat(1_023) + 'b', 'x'.repeat(1_023)],
  'NUL and what follows': ['password\0one', 'password\0two', 'password\0', 'password', 'password\0\0'],
  'white space': [
    'pass word', ' pass word', 'pass word ', 'pass word\n', 'pass\tword', 'pass\u00a0word', 'pass  word', 'password'
  ],
  case: ['Password', 'password', 'PASSWORD', 'passworD'],
  'compatibility forms': ['ﬁnesses', 'finesses'],
  'full width': ['ｐａｓｓｗｏｒｄ', 'password'],
  'invisible characters': ['pass\u200bword', 'password', 'pass\u00adword', '\ufeffpassword'],
  'other scripts': ['раssword', 'password'],
  'numbers of another form': ['00000000', '0', '0e000000', '０００００００0']
}

for (const [name, [right, ...others]] of Object.entries(lookalikes)) {
  t.test(`a password is compared as it was sent: ${name}`, async t => {
    const passwords = passwordsOf()
    const hash = await passwords.hash(right, 1)
    t.ok(await passwords.verify(hash, right))
    for (const other of others) t.notOk(await passwords.verify(hash, other), JSON.stringify(other.slice(-12)))
  })
}

t.test('one password typed on two keyboards is one password (NFC)', async t => {
  const passwords = passwordsOf()
  const words = [
    ['caf\u00e9 cr\u00e8me', 'cafe\u0301 cre\u0300me'],
    ['\u212bngstr\u00f6m', 'A\u030angstro\u0308m', '\u00c5ngstr\u00f6m'],
    ['\u1112\u1161\u11ab', '\ud55c']
  ]
  for (const forms of words) {
    for (const one of forms) {
      const hash = await passwords.hash(one, 1)
      for (const other of forms) t.ok(await passwords.verify(hash, other))
    }
  }
})

t.test('a password has at most 1,024 bytes in NFC, and is refused beyond, never cut', async t => {
  t.equal(maxPasswordBytes, 1_024)
  const passwords = passwordsOf()
  const fits = ['x'.repeat(1_024), 'é'.repeat(512), '🔑'.repeat(256), 'e\u0301'.repeat(512)]
  // U+0958 becomes two characters in NFC, and is twice as long then.
  const tooLong = ['x'.repeat(1_025), 'é'.repeat(513), `${'🔑'.repeat(256)}x`, '\u0958'.repeat(300), 'x'.repeat(1e6)]
  for (const password of fits) {
    const hash = await passwords.hash(password, 8)
    t.ok(await passwords.verify(hash, password))
    t.notOk(await passwords.verify(hash, `${password}x`), 'one more is no password, and no error')
  }
  for (const password of tooLong) {
    t.notOk(isStorablePassword(password))
    t.equal(await outcomeOf(passwords.hash(password, 8)), 'password_unacceptable')
  }
})

t.test('characters are counted, not UTF-16 units or bytes', async t => {
  const passwords = passwordsOf()
  const lengths: Array<[string, number]> = [
    ['x'.repeat(8), 8], ['é'.repeat(8), 8], ['🔑'.repeat(8), 8], ['🔑'.repeat(4), 4], ['        ', 8], ['', 0]
  ]
  for (const [password, length] of lengths) {
    t.equal(await outcomeOf(passwords.hash(password, length)), 'granted')
    t.equal(await outcomeOf(passwords.hash(password, length + 1)), 'password_unacceptable')
  }
})

t.test('there are no composition rules', async t => {
  const passwords = passwordsOf()
  for (const password of ['aaaaaaaa', '11111111', '........', 'ÄÖÜÄÖÜÄÖ', '密码密码密码密码']) {
    t.equal(await outcomeOf(passwords.hash(password, 8)), 'granted')
  }
})

t.test('what is no text is refused, and matches no password', async t => {
  const passwords = passwordsOf()
  const replaced = await passwords.hash('password \ufffd', 8)
  for (const broken of ['password \ud800', 'password \udc00', '\udc00\ud800password']) {
    t.equal(await outcomeOf(passwords.hash(broken, 8)), 'password_unacceptable')
    t.notOk(await passwords.verify(replaced, broken))
  }
})

t.test('an account that is not there costs the work of one that is', async t => {
  const passwords = passwordsOf()
  const real = await passwords.hash(password, 8)
  const checked = checkedHashes(t)
  t.notOk(await passwords.verify(null, password))
  t.notOk(await passwords.verify(null, 'x'.repeat(1_025)))
  t.notOk(await passwords.verify(real, 'x'.repeat(1_025)), 'also a password that cannot be stored')
  t.equal(checked.length, 3)
  for (const decoy of checked) {
    t.equal(parametersOf(decoy), parametersOf(real))
    t.same(bytesOf(decoy), bytesOf(real))
  }
  t.notOk(checked.includes(real))
  await passwordsOf().verify(null, password)
  t.equal(new Set(checked).size, 2, 'nobody knows the decoy of another process')
})

t.test('a stored hash of another cost takes the work of any other, whatever was raised or lowered', async t => {
  const costs = [cheap, { memory: 2_048, passes: 1 }, { memory: 1_024, passes: 3 }]
  const hashes = await Promise.all(costs.map(cost => passwordsOf(cost).hash(password, 8)))
  for (const cost of costs) {
    const passwords = passwordsOf(cost)
    passwords.learnCosts(hashes)
    const checked = checkedHashes(t)
    const work = async (hash: string | null, candidate: string) => {
      checked.length = 0
      await passwords.verify(hash, candidate)
      return checked.map(parametersOf)
    }
    const without = await work(null, password)
    t.equal(without.length, costs.length)
    for (const hash of hashes) {
      t.same(await work(hash, 'a wrong password'), without)
      t.same(await work(hash, password), without, 'a right one too: of a disabled account it must not tell')
      t.ok(await passwords.verify(hash, password), 'and it still matches')
    }
    t.same(await work('$2b$10$of another kind', password), without)
  }
})

t.test('the costs of stored hashes are known from the start, and otherwise from the first such hash on', async t => {
  const old = await buildCore(t)
  await signedIn(old.core)
  const raised = await secondCore(t, old.settings, { passwords: { memory: 2_048, passes: 3 } })
  const checked = checkedHashes(t)
  const email = 'unknown@example.com'
  await outcomeOf(raised.signIn.withPassword({ email, password }, 'partner', clientInfo))
  t.same(checked.map(parametersOf).sort(), ['argon2id,v=19,m=1024,p=1,t=2', 'argon2id,v=19,m=2048,p=1,t=3'])

  const passwords = passwordsOf({ memory: 2_048, passes: 3 })
  const hash = await passwordsOf().hash(password, 8)
  await passwords.verify(hash, password)
  checked.length = 0
  await passwords.verify(null, password)
  t.equal(checked.length, 2)
})

t.test('a hash of another program refuses its owner like a wrong password, and the log says why', async t => {
  const { core, sql, log } = await buildCore(t)
  const { email, account } = await signedIn(core)
  await sql`UPDATE accounts SET password_hash = '$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/'
    WHERE id = ${account.id}`
  t.equal(await outcomeOf(core.signIn.withPassword({ email, password }, 'partner', clientInfo)), 'invalid_credentials')
  t.match(log.join(''), `the password hash of account ${account.id} is of no known form`)
})

t.test('a hash is outdated when it is weaker, and only then', async t => {
  const passwords = passwordsOf({ memory: 2_048, passes: 3 })
  const options = { memoryCost: 2_048, timeCost: 3, parallelism: 1 }
  const outdated = async (other: object) => passwords.isOutdated(await argon2.hash(password, { ...options, ...other }))
  t.equal(await outdated({}), false)
  t.equal(await outdated({ memoryCost: 1_024 }), true)
  t.equal(await outdated({ timeCost: 2 }), true)
  t.equal(await outdated({ type: argon2.argon2i }), true, 'argon2i')
  t.equal(await outdated({ memoryCost: 4_096 }), false, 'more memory is not weaker')
  t.equal(await outdated({ timeCost: 4 }), false, 'more passes are not weaker')
})

t.test('at sign-in a weaker hash is renewed and a stronger one is kept', async t => {
  const weak = await buildCore(t)
  const strong = await secondCore(t, weak.settings, { passwords: { memory: 2_048, passes: 3 } })
  const { email } = await signedIn(weak.core)
  const stored = async () => {
    const [row] = await weak.sql<{ hash: string }[]>`SELECT password_hash AS hash FROM accounts WHERE email = ${email}`
    return row?.hash
  }
  const first = await stored()
  t.equal(parametersOf(first), 'argon2id,v=19,m=1024,p=1,t=2')
  const wrong = strong.signIn.withPassword({ email, password: 'a wrong password' }, 'partner', clientInfo)
  t.equal(await outcomeOf(wrong), 'invalid_credentials')
  t.equal(await stored(), first, 'not at a wrong password')

  await strong.signIn.withPassword({ email, password }, 'partner', clientInfo)
  const renewed = await stored()
  t.equal(parametersOf(renewed), 'argon2id,v=19,m=2048,p=1,t=3')

  await strong.signIn.withPassword({ email, password }, 'partner', clientInfo)
  t.equal(await stored(), renewed, 'once')
  await weak.core.signIn.withPassword({ email, password }, 'partner', clientInfo)
  t.equal(parametersOf(await stored()), 'argon2id,v=19,m=2048,p=1,t=3', 'not undone by an instance with lower settings')
})
