import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** A child that did start. */
export type Child = ChildProcess & { pid: number }

const running = new Set<Child>()
/** Those that were asked to end. */
const ending = new Set<Child>()

/** After this long a child that was asked to end is ended. */
const patienceMs = 5_000

// Runs however the run ends: regularly, by an error, or by a signal.
process.on('exit', () => { for (const child of running) child.kill('SIGKILL') })
// A terminal sends its signals to the children too.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => { for (const child of running) ending.add(child) })
}

export interface ChildNeeds {
  name: string
  /** Arguments of node. */
  args: readonly string[]
  env: Record<string, string>
  /** As `taskset` takes them, or `null` for no pinning. */
  cores: string | null
}

/**
 * Starts a Node process with a message channel; it gets none of this process's environment but PATH. When it ends
 * before it is asked to, the run ends with an error.
 */
export function startChild ({ name, args, env, cores }: ChildNeeds): Child {
  const command = cores === null ? [process.execPath] : ['taskset', '-c', cores, process.execPath]
  const child = spawn(command[0] ?? '', [...command.slice(1), ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    serialization: 'advanced'
  })
  if (!hasStarted(child)) throw new Error(`cannot start ${name}`)
  running.add(child)
  child.once('exit', (code, signal) => {
    running.delete(child)
    if (!ending.has(child)) throw new Error(`${name} ended early: ${signal ?? code}`)
  })
  return child
}

/** Resolves with the child's next message. */
export async function nextMessage (child: Child): Promise<unknown> {
  const [message] = await once(child, 'message') as unknown[]
  return message
}

/** Does some work and stops the children that were started for it. */
export async function stoppingChildren<T> (work: () => Promise<T>): Promise<T> {
  const others = new Set(running)
  try {
    return await work()
  } finally {
    await stop([...running].filter(child => !others.has(child)))
  }
}

/** Ends a child as a crash does. */
export async function crash (child: Child): Promise<void> {
  ending.add(child)
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

/** Asks them to end, then ends those that do not. */
async function stop (children: readonly Child[]): Promise<void> {
  await Promise.all(children.map(async child => {
    ending.add(child)
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    const killer = setTimeout(() => child.kill('SIGKILL'), patienceMs)
    await ended
    clearTimeout(killer)
  }))
}

function hasStarted (child: ChildProcess): child is Child {
  return child.pid !== undefined
}
