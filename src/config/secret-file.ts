import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { link, mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from './environment.js'
import { isStrongSecret, minSecretBytes } from './variable.js'

const secretBytes = 48

/** The permissions of everyone but the owner. */
const othersMask = 0o077

/**
 * Returns the KEYTURN_SECRET kept in `dataDir`; makes one the first time, readable by its owner only.
 * @throws ConfigError when the file is shorter than a secret must be, or when others may read it
 */
export async function loadOrCreateSecret (dataDir: string): Promise<string> {
  const path = join(dataDir, 'secret')
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  if (!existsSync(path)) await makeSecret(dataDir, path)
  return readSecret(path)
}

async function readSecret (path: string): Promise<string> {
  const file = await open(path)
  try {
    const { mode } = await file.stat()
    // Windows has no such permissions and reports made-up ones.
    if (process.platform !== 'win32' && (mode & othersMask) !== 0) {
      throw new ConfigError([`${path} is open to other users; run: chmod 600 ${path}`])
    }
    const text = (await file.readFile('utf8')).trim()
    if (isStrongSecret(text)) return text
    throw new ConfigError([
      `${path} holds less than ${minSecretBytes} bytes, too few for a secret; restore it from a backup. ` +
      'For an empty database, remove the file, and the next start makes a new one'
    ])
  } finally {
    await file.close()
  }
}

/** Linked into place whole and on disk: of two processes that make one, the first wins and both read the same. */
async function makeSecret (dataDir: string, path: string): Promise<void> {
  const draft = `${path}.${randomUUID()}`
  const file = await open(draft, 'wx', 0o600)
  await file.writeFile(`${randomBytes(secretBytes).toString('base64url')}\n`)
  await file.sync().finally(() => file.close())
  const failure = await link(draft, path).then(() => undefined, (error: NodeJS.ErrnoException) => error)
  await rm(draft, { force: true })
  assert(failure === undefined || failure.code === 'EEXIST', failure)
  // Only then does the name survive a loss of power (fsync(2)).
  const folder = await open(dataDir)
  await folder.sync().finally(() => folder.close())
}
