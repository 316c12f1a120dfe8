import { readFile } from 'node:fs/promises'
import { minVersion, satisfies } from 'semver'
import t from 'tap'

interface LockedPackage {
  version: string
  dev?: boolean
  engines?: { node?: string }
}

const read = async (name: string): Promise<unknown> =>
  JSON.parse(await readFile(new URL(`../../${name}`, import.meta.url), 'utf8'))

/** Everything that `npm ci --omit=dev` may install, by its folder. */
function runTimePackages (packages: Record<string, LockedPackage>): Array<[folder: string, LockedPackage]> {
  return Object.entries(packages).filter(([, { dev = false }]) => !dev)
}

t.test('every run-time package allows the oldest Node.js that Keyturn promises', async t => {
  const { engines } = await read('package.json') as { engines: { node: string } }
  const { packages } = await read('package-lock.json') as { packages: Record<string, LockedPackage> }
  const oldest = minVersion(engines.node)?.version ?? ''
  t.equal(oldest, '20.19.0')

  const installed = runTimePackages(packages)
  t.ok(installed.length > 50, 'the lockfile lists them')
  const refusing = installed.filter(([, { engines }]) => !satisfies(oldest, engines?.node ?? '*'))
  t.same(refusing.map(([folder, { version, engines }]) => `${folder}@${version} asks for ${engines?.node}`), [])
})
