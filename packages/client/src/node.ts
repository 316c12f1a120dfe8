import { randomUUID } from 'node:crypto'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import type { SessionStorage } from './storage.js'

/** A file that only its owner may read. A crash leaves the old content or the new one. */
export function fileStorage (path: string): SessionStorage {
  return {
    async get () {
      try {
        return await readFile(path, 'utf8')
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
        throw error
      }
    },
    async set (value) {
      const next = `${path}.${randomUUID()}`
      await writeFile(next, value, { mode: 0o600 })
      await rename(next, path)
    },
    remove: () => rm(path, { force: true })
  }
}
