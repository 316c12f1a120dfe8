import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { link, readFile, rm, stat, writeFile } from 'node:fs/promises'

export interface LockNeeds {
  /** The file that stands for the lock and holds its owner's process id. */
  path: string
  /** Whether the owner answers; checked only when the lock bears this process's own id. */
  isServed: () => Promise<boolean>
}

/** A takeover is a matter of milliseconds: one older than this was cut short, by kill -9. */
const maxTakeoverMs = 7_500

/**
 * A lock between the processes of one machine. A process that was killed leaves its lock behind; the next one takes
 * it over, and only one can: otherwise a second might remove the lock that the first has just made.
 */
export function createLock ({ path, isServed }: LockNeeds) {
  const takeoverPath = `${path}.takeover`

  async function holder (): Promise<number | null> {
    const pid = Number(await readFile(path, 'utf8').catch(() => ''))
    // In a container an earlier process may have had this very id.
    const isHeld = pid === process.pid ? await isServed() : isAlive(pid)
    return isHeld ? pid : null
  }

  async function remake (): Promise<boolean> {
    await rm(path, { force: true })
    return await makeFile(path)
  }

  async function takeOver (): Promise<boolean> {
    if (!await makeFile(takeoverPath)) {
      const { mtimeMs } = await stat(takeoverPath).catch(() => ({ mtimeMs: Date.now() }))
      if (Date.now() - mtimeMs > maxTakeoverMs) await rm(takeoverPath, { force: true })
      return false
    }
    try {
      // Another process may have taken the lock over just before.
      return await holder() === null && await remake()
    } finally {
      await rm(takeoverPath, { force: true })
    }
  }

  return {
    /** Takes the lock if it is free; returns whether it did. */
    async take (): Promise<boolean> {
      if (await makeFile(path)) return true
      return await holder() === null && await takeOver()
    },

    /** The id of the process that holds the lock; `null` when it is free, or just changing hands. */
    holder,

    release: () => rm(path, { force: true })
  }
}

/** Links the file into place with this process's id already in it, so that no process reads it half written. */
async function makeFile (path: string): Promise<boolean> {
  const own = `${path}.${process.pid}.${randomUUID()}`
  await writeFile(own, String(process.pid), { mode: 0o600 })
  const failure = await link(own, path).then(() => undefined, (error: NodeJS.ErrnoException) => error)
  await rm(own, { force: true })
  assert(failure === undefined || failure.code === 'EEXIST', failure)
  return failure === undefined
}

function isAlive (pid: number): boolean {
  if (pid === 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
