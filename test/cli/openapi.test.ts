import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { openapiCommand } from '../../src/cli/openapi.js'
import { run } from '../support/command-line.js'
import { keyturn } from '../support/keyturn-process.js'

const checkout = fileURLToPath(new URL('../../', import.meta.url))

/** A copy of the sources, whose documents may be written. */
async function copyOfCheckout (t: Test): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'keyturn-checkout-'))
  t.teardown(() => rm(copy, { recursive: true, force: true }))
  for (const name of ['src', 'openapi', 'package.json']) {
    await cp(join(checkout, name), join(copy, name), { recursive: true })
  }
  await symlink(join(checkout, 'node_modules'), join(copy, 'node_modules'))
  return copy
}

async function contents (folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).toSorted()
  const entries = names.map(async name => [name, await readFile(join(folder, name), 'utf8')] as const)
  return Object.fromEntries(await Promise.all(entries))
}

t.test('the documents in openapi/ say what the routes say', async t => {
  t.match(await run(openapiCommand(), ['--check']), { stdout: 'openapi documents are up to date\n', stderr: '' })
})

t.test('openapi --check names each file that is stale or missing and writes nothing; openapi writes them', async t => {
  const copy = await copyOfCheckout(t)
  const folder = join(copy, 'openapi')
  const fresh = await contents(folder)
  await writeFile(join(folder, 'partner.json'), `${fresh['partner.json']} `)
  await rm(join(folder, 'ops.json'))
  const stale = await contents(folder)

  const check = await keyturn(['openapi', '--check'], { checkout: copy })
  t.match(check, { code: 1, stdout: '' })
  t.equal(check.stderr, 'error: out of date, run "npm run openapi": openapi/partner.json, openapi/ops.json\n')
  t.same(await contents(folder), stale)

  t.match(await keyturn(['openapi'], { checkout: copy }), { code: 0, stdout: /^wrote \d+ documents to openapi\/\n$/ })
  t.same(await contents(folder), fresh)
})
