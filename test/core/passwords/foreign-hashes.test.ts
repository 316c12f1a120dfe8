import { hashPassword } from 'better-auth/crypto'
import t from 'tap'
import { readFirebaseParameters } from '../../../src/core/imports/formats/firebase.js'
import { dummyWith, parametersOf, verifyHash } from '../../../src/core/passwords/hash-forms.js'
import { hashCeilings, readImportedHash } from '../../../src/core/passwords/imported-hash.js'
import { foreignHashes } from '../../support/foreign-hashes.js'

const verifies = (stored: string, password: string) =>
  verifyHash(stored, { sent: password, canonical: Buffer.from(password) })

function storedOf (hash: string): string {
  const read = readImportedHash(hash)
  return 'hash' in read ? read.hash : read.problem
}

const { firebase } = foreignHashes
const parameters = readFirebaseParameters(firebase.parameters)
const ofFirebase = {
  by: 'Firebase',
  password: firebase.password,
  hash: `$fbscrypt$v=1,n=${parameters.memoryCost},r=${parameters.rounds},p=1,ss=${parameters.saltSeparator},` +
    `sk=${parameters.signerKey}$${firebase.salt}$${firebase.hash}`
}

for (const { by, password, hash } of [...foreignHashes.samples, ofFirebase]) {
  t.test(`verifies what ${by} made: ${hash.slice(0, 24)}…`, async t => {
    const stored = storedOf(hash)
    t.ok(await verifies(stored, password))
    t.notOk(await verifies(stored, `x!${password}`))
    t.equal(storedOf(stored), stored, 'what is stored can be exported and imported again')
    const parameters = String(parametersOf(stored))
    t.ok(stored.startsWith(parameters) && parameters.endsWith('$'))
    const dummy = String(dummyWith(parameters))
    t.equal(parametersOf(dummy), parameters)
    t.notOk(await verifies(dummy, password), 'and a dummy with the same parameters can be computed')
  })
}

t.test('verifies what Better Auth makes, also of composed characters', async t => {
  for (const password of ['correct horse', 'ｆｕｌｌ ｗｉｄｔｈ', 'é'.normalize('NFD')]) {
    const stored = storedOf(await hashPassword(password))
    t.match(stored, /^\$scrypt-nfkc\$ln=14,r=16,p=1\$/)
    t.equal(storedOf(stored), stored)
    t.notOk(await verifies(String(dummyWith(String(parametersOf(stored)))), password))
    t.ok(await verifies(stored, password))
    t.notOk(await verifies(stored, `${password}x`))
  }
})

t.test('a hash that costs more than an attempt may is refused', async t => {
  const salt = 'AAAAAAAAAAAAAAAAAAAAAA'
  const hash = 'A'.repeat(43)
  const bcrypt = 'A'.repeat(53)
  const { memoryBytes, passes, bcryptCost, rounds } = hashCeilings
  const kib = memoryBytes / 1024
  for (const [most, more] of [
    [`$argon2id$v=19$m=${kib},t=${passes},p=4$${salt}$${hash}`, `$argon2id$v=19$m=${kib + 1},t=1,p=1$${salt}$${hash}`],
    [`$argon2i$v=19$m=8,t=${passes},p=1$${salt}$${hash}`, `$argon2i$v=19$m=8,t=${passes + 1},p=1$${salt}$${hash}`],
    [`$argon2d$v=19$m=32,t=1,p=4$${salt}$${hash}`, `$argon2d$v=19$m=31,t=1,p=4$${salt}$${hash}`],
    [`$2a$${bcryptCost}$${bcrypt}`, `$2a$${bcryptCost + 1}$${bcrypt}`],
    [`$2b$04$${bcrypt}`, `$2b$03$${bcrypt}`],
    [`bcrypt_sha256$$2b$12$${bcrypt}`, `bcrypt_sha256$$2b$31$${bcrypt}`],
    [`$scrypt$ln=17,r=8,p=1$${salt}$${hash}`, `$scrypt$ln=18,r=8,p=1$${salt}$${hash}`],
    [`scrypt$16384$salt$8$5$${hash}`, `scrypt$16384$salt$8$9$${hash}`],
    [`$scrypt$ln=1,r=1,p=1$${salt}$${hash}`, `$scrypt$ln=0,r=1,p=1$${salt}$${hash}`],
    [`$fbscrypt$v=1,n=17,r=8,p=1,ss=,sk=AAAA$${salt}$${hash}`,
      `$fbscrypt$v=1,n=18,r=8,p=1,ss=Bw==,sk=AAAA$${salt}$${hash}`],
    [`pbkdf2_sha256$${rounds}$salt$${hash}`, `pbkdf2_sha256$${rounds + 1}$salt$${hash}`],
    [`$pbkdf2-sha512$i=1$${salt}$${hash}`, `$pbkdf2-sha512$i=0$${salt}$${hash}`]
  ] as const) {
    t.ok('hash' in readImportedHash(most), most)
    t.same(readImportedHash(more), { problem: 'hash_too_costly' }, more)
  }
})

t.test('what is no known hash is refused', async t => {
  for (const text of [
    '', 'secret', '$1$abcdefgh$0123456789', '5f4dcc3b5aa765d61d8327deb882cf99', '$2b$10$short',
    `$2x$10$${'A'.repeat(53)}`, `scrypt$16385$salt$8$5$${'A'.repeat(43)}`, 'pbkdf2_md5$1$salt$AAAA',
    '$argon2id$m=8,t=1,p=1$AAAA$AAAA'
  ]) {
    t.same(readImportedHash(text), { problem: 'hash_unknown' }, text)
  }
  t.equal(parametersOf('plain'), null)
  await t.rejects(verifies('plain', 'plain'), { message: /no known form/ })
  t.equal(dummyWith('$unknown$'), null)
})
