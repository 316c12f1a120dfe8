import t from 'tap'
import { isUsername } from '../../../src/core/accounts/username.js'

t.test('letters and digits of a script make a username, with the usual signs', async t => {
  for (const username of ['joe', 'Joe_2', 'o.neill-2nd', 'a+b~c', 'müller', 'Иван', 'Νίκος', 'שלום', 'محمد', '山田太郎',
    'やまだ', '김철수', 'นที', 'ÅSE', '１'.normalize('NFKC')]) {
    t.ok(isUsername(username), username)
  }
})

t.test('no username looks like another one', async t => {
  const refused = {
    'a zero-width space': 'jo\u200be',
    'a joiner': 'jo\u200de',
    'a mark that is not seen': 'jo\u034fe',
    'a letter that is not seen': 'jo\u115fe',
    'a right-to-left override': 'joe\u202eeod',
    'a Cyrillic letter among Latin ones': 'j\u043ee',
    'a Greek letter among Latin ones': 'j\u03bfe',
    'Latin letters among Hebrew ones': 'שלוםjoe',
    'a blank at the end': 'joe ',
    'a blank inside': 'joe doe',
    'letters that are composed': 'mu\u0308ller',
    'full width': 'ｊｏｅ',
    'a ligature': 'ﬁnn',
    'an email': 'joe@example.com',
    markup: '<script>alert(1)</script>',
    'an emoji': '😀😀😀',
    'a control character': 'joe\u0000',
    'half a character': 'joe\ud800',
    nothing: ''
  }
  for (const [what, username] of Object.entries(refused)) t.notOk(isUsername(username), what)
})
