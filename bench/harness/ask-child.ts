import { fileURLToPath } from 'node:url'
import type { Profiler } from 'node:inspector'
import { nextMessage, type Child } from './children.js'

/** For `node`: lets a child be asked for what is inside it. */
export const inspected = ['--import', fileURLToPath(new URL('inspector.mjs', import.meta.url))]

/** MiB of live objects and buffers in an inspected child, with all garbage collected. */
export async function liveMiB (child: Child): Promise<number> {
  child.send('memory')
  const { heapUsed, external } = await nextMessage(child) as NodeJS.MemoryUsage
  return (heapUsed + external) / 2 ** 20
}

/** Where the main thread of an inspected child spends its time while `work` is going on. */
export async function profileOf (child: Child, work: () => Promise<unknown>): Promise<Profiler.Profile> {
  child.send('profile')
  await nextMessage(child)
  await work()
  child.send('stop')
  return await nextMessage(child) as Profiler.Profile
}
