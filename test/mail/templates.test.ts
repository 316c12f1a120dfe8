import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { mailPlaceholders } from '../../src/core/mail/mail.js'
import { mailKinds, type MailKind } from '../../src/db/stored-values.js'
import { loadTemplates } from '../../src/mail/templates.js'
import { temporaryFolder } from '../support/test-database.js'

const service = 'auth.example.com'
const render = loadTemplates({ folder: undefined, service })

const valuesFor = (kind: MailKind) =>
  Object.fromEntries(mailPlaceholders[kind].map(name => [name, `<${name}>`]))

t.test('each mail has all that it is for, in both forms, and no code in its subject', async t => {
  for (const kind of mailKinds) {
    const { subject, text, html } = render({ kind, values: valuesFor(kind) })
    for (const name of mailPlaceholders[kind]) {
      t.ok(text.includes(`<${name}>`), `${kind}.txt: ${name}`)
      t.ok(html.includes(`&#60;${name}&#62;`), `${kind}.html: ${name}`)
    }
    t.ok(text.includes(service) && html.includes(service))
    t.notMatch(text + html, /{{|undefined/)
    t.match(text, /\b(if it was not you|if you did not expect it)\b/i, `${kind} says what to do`)
    t.match(html, /\b(if it was not you|if you did not expect it)\b/i)
    t.notMatch(subject, /<code>|\n/)
  }
})

t.test('what people chose themselves begins no line and no element', async t => {
  const name = 'Eve\r\nBcc: all@example.com\n<script>alert("1")</script> & \'co\''
  const { text, html } = render({ kind: 'password-changed', values: { name } })
  t.match(text, /^Hello EveBcc: all@example.com<script>/)
  t.match(html, /Hello EveBcc: all@example.com&#60;script&#62;alert\(&#34;1&#34;\)&#60;\/script&#62;/)
  t.match(html, / &#38; &#39;co&#39;,/)
})

t.test('a folder of templates replaces those that it has, each by its name', async t => {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, 'test.txt'), 'Subject: Hallo von {{service}}\n\nEin Test.\n')
  const own = loadTemplates({ folder, service })
  t.match(own({ kind: 'test', values: {} }), {
    subject: `Hallo von ${service}`, text: 'Ein Test.\n', html: /A test mail/
  })
  t.same(own({ kind: 'sign-in-link', values: valuesFor('sign-in-link') }),
    render({ kind: 'sign-in-link', values: valuesFor('sign-in-link') }))
})

t.test('a template that cannot be used is refused with its file and the reason', async t => {
  const refused = async (name: string, text: string) => {
    const folder = await temporaryFolder(t)
    await writeFile(join(folder, name), text)
    return () => loadTemplates({ folder, service })
  }
  t.throws(await refused('test.txt', 'Hello'), {
    message: /test\.txt does not begin with "Subject: …" and an empty line/
  })
  t.throws(() => loadTemplates({ folder: '/nowhere', service }), {
    message: 'MAIL_TEMPLATES names /nowhere, which is no folder'
  })
  t.throws(await refused('sign-in-link.html', '<p>{{code}}'), {
    message: /sign-in-link\.html has {{code}}, which nothing fills; there are name, link, service/
  })
})

t.test('what is installed has the templates where the built program looks for them', async t => {
  const { files } = JSON.parse(await readFile('package.json', 'utf8')) as { files: string[] }
  const dockerfile = await readFile('Dockerfile', 'utf8')
  for (const folder of ['src/mail/templates', 'src/contracts/account/pages/assets']) {
    t.ok(files.includes(folder))
    t.match(dockerfile, `COPY ${folder} ./${folder}`)
  }
})
