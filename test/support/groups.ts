import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/*
 * Which test files share a process in a run of all. To load tap and the application takes longer than most files run:
 * the files of a folder share one where they share nothing else: no environment, no port, no exit code.
 */

const tests = fileURLToPath(new URL('../', import.meta.url))
const groups = fileURLToPath(new URL('../../.tap/groups/', import.meta.url))

const packages = fileURLToPath(new URL('../../packages/', import.meta.url))

const folders = [
  'cli', 'config', 'conformance', 'contracts', 'core', 'documents', 'examples', 'http', 'mail', 'notifiers', 'server'
]

/** Milliseconds for the files of a folder, one after the other. */
const timeoutMs = 900_000

const testFilesIn = async (folder: string) =>
  (await readdir(folder, { recursive: true })).filter(path => path.endsWith('.test.ts')).sort()

/** Writes a program for each folder whose files share a process; returns these programs and all other test files. */
export async function writeGroups (): Promise<string[]> {
  const files = await testFilesIn(tests)
  const grouped = new Map<string, string[]>()
  const others: string[] = []
  for (const path of files) {
    const [top = ''] = path.split('/')
    const name = dirname(path).replaceAll('/', '-')
    if (folders.includes(top)) grouped.set(name, [...grouped.get(name) ?? [], path])
    else others.push(`${tests}${path}`)
  }

  const workspaces = (await readdir(packages, { withFileTypes: true })).filter(entry => entry.isDirectory())
  for (const { name } of workspaces) {
    const folder = `${packages}${name}/test/`
    others.push(...(await testFilesIn(folder)).map(path => `${folder}${path}`))
  }

  await rm(groups, { recursive: true, force: true })
  await mkdir(groups, { recursive: true })
  const programs = await Promise.all([...grouped].map(async ([name, paths]) => {
    const imports = paths.map(path => `await import('${pathToFileURL(tests + path)}')\n`)
    const program = `${groups}${name}.js`
    await writeFile(program, [
      "import t from 'tap'\n",
      `t.setTimeout(${timeoutMs})\n`,
      // The first call of `teardown` by its own name lets tap end when it is idle, as it also is between two imports.
      't.teardown = (...args) => t.after(...args)\n',
      ...imports,
      't.end()\n'
    ].join(''))
    return program
  }))
  return [...programs, ...others]
}
