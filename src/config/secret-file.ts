import { randomBytes } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const secretBytes = 48

/** Returns the KEYTURN_SECRET kept in `dataDir`; makes one the first time, readable by its owner only. */
export async function loadOrCreateSecret (dataDir: string): Promise<string> {
  const path = join(dataDir, 'secret')
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const kept = await readFile(path, 'utf8').catch(() => null)
  if (kept !== null) return kept.trim()

  // Linked into place whole: of two processes that make one, the first wins and both read the same.
  const draft = `${path}.${process.pid}`
  await writeFile(draft, `${randomBytes(secretBytes).toString('base64url')}\n`, { mode: 0o600 })
  await link(draft, path).catch(() => {})
  await rm(draft, { force: true })
  return (await readFile(path, 'utf8')).trim()
}
