import { readFile } from 'node:fs/promises'
import t from 'tap'
import { root } from '../support/documents.js'

const read = (path: string) => readFile(new URL(path, root), 'utf8')
const manifestOf = async (folder: string) =>
  JSON.parse(await read(`${folder}package.json`)) as { version: string, engines: object, license: string }

for (const folder of ['packages/client/', 'packages/partner/']) {
  t.test(`${folder} is in step with the server`, async t => {
    const { version, engines, license } = await manifestOf('')
    t.match(await manifestOf(folder), { version, engines, license })
    t.equal(await read(`${folder}LICENSE`), await read('LICENSE'))
  })

  t.test(`${folder}README.md has one program that .ci/packages runs`, async t => {
    const programs = (await read(`${folder}README.md`)).match(/^<!-- run -->\n```js\n/gm) ?? []
    t.equal(programs.length, 1)
  })
}
