import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { openapiCommand } from '../../src/cli/openapi.js'
import { run } from '../support/command-line.js'

const committed = fileURLToPath(new URL('../../openapi/', import.meta.url))

async function contents (folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).toSorted()
  const entries = names.map(async name => [name, await readFile(join(folder, name), 'utf8')] as const)
  return Object.fromEntries(await Promise.all(entries))
}

t.test('the documents in openapi/ say what the routes say', async t => {
  t.match(await run(openapiCommand(), ['--check']), { stdout: 'openapi documents are up to date\n', stderr: '' })
})

t.test('openapi --check names each file that is stale or missing and writes nothing; openapi writes them', async t => {
  const folder = join(await mkdtemp(join(tmpdir(), 'keyturn-openapi-')), '/')
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await cp(committed, folder, { recursive: true })
  const fresh = await contents(folder)
  await writeFile(join(folder, 'partner.json'), `${fresh['partner.json']} `)
  await rm(join(folder, 'ops.json'))
  const stale = await contents(folder)

  await t.rejects(run(openapiCommand(folder), ['--check']), {
    message: 'error: out of date, run "npm run openapi": openapi/partner.json, openapi/ops.json'
  })
  t.same(await contents(folder), stale)

  t.match(await run(openapiCommand(folder), []), { stdout: /^wrote \d+ documents to openapi\/\n$/ })
  t.same(await contents(folder), fresh)
})
