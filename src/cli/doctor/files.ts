import { constants } from 'node:fs'
import { access, stat, statfs } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fileVariables } from '../../config/secret-variables.js'
import type { Environment } from '../../config/environment.js'
import type { Settings } from '../../config/settings.js'
import { bad, good, warning, type Finding } from './finding.js'

/** The permissions of everyone but the owner; and but the group, through which container platforms give secrets. */
const masks = { own: 0o077, mounted: 0o007 }

/** Bytes: the embedded database and kept mails need some room. */
const enoughBytes = 256 * 1024 ** 2

/** Files that hold secrets, and the folder of data. @param leastFree bytes that its disk should have */
export async function examineFiles (
  env: Environment, { database }: Pick<Settings, 'database'>, leastFree = enoughBytes
): Promise<Finding[]> {
  const mounted = fileVariables.flatMap(name => env[name] ?? [])
  const usesFolder = database.url === undefined
  const findings = await Promise.all([
    ...mounted.map(path => examineSecret(path, masks.mounted)),
    ...usesFolder ? [examineSecret(join(database.dataDir, 'secret'), masks.own)] : []
  ])
  return [...findings.flat(), ...usesFolder ? await examineFolder(database.dataDir, leastFree) : []]
}

async function examineSecret (path: string, othersMask: number): Promise<Finding[]> {
  const found = await stat(path).catch(() => null)
  if (found === null) return []
  return (found.mode & othersMask) === 0
    ? [good('files', `${path} is closed to other users`)]
    : [bad('files', `${path} holds a secret and is open to other users`, `chmod 600 ${path}`)]
}

async function examineFolder (folder: string, leastFree: number): Promise<Finding[]> {
  const path = resolve(folder)
  const there = await existing(path)
  try {
    // With a slash at its end it has to be a folder.
    await access(`${there}/`, constants.W_OK)
  } catch {
    return [bad('files', `${path} cannot be written to`, 'give it to the user that runs Keyturn, or set DATA_DIR')]
  }
  const { bavail, bsize } = await statfs(there)
  const free = bavail * bsize
  return [free < leastFree
    ? warning('files', `${path} has ${Math.floor(free / 1024 ** 2)} MiB left`, 'make room, or set DATA_DIR')
    : good('files', `${path} can be written to`)]
}

/** The folder itself, or the nearest one above it that is there. */
async function existing (path: string): Promise<string> {
  return await stat(path).then(() => path, () => null) ?? existing(dirname(path))
}
