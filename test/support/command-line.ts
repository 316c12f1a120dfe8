import { AsyncLocalStorage } from 'node:async_hooks'
import { PassThrough, type Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import type { Command } from 'commander'

/*
 * Commands run in the test's own process: quicker than one process each, and what they cover counts. For the
 * command line as a process see keyturn-process.ts.
 */

export interface Written {
  stdout: string
  stderr: string
}

const running = new AsyncLocalStorage<Written>()

for (const name of ['stdout', 'stderr'] as const) {
  const stream = process[name]
  const write = stream.write.bind(stream)
  stream.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    const written = running.getStore()
    if (written === undefined) return Reflect.apply(write, stream, [chunk, ...rest]) as boolean
    written[name] += chunk.toString()
    return true
  }
}

/** Runs one command; what it writes is kept apart from the test's own output. */
export async function run (command: Command, args: string[], { input = '' } = {}): Promise<Written> {
  const written = { stdout: '', stderr: '' }
  const stdin = new PassThrough()
  stdin.end(input)
  await withStdin(stdin, () => running.run(written, () => parse(command, args)))
  return written
}

/** Runs it with `--json` and reads what it says. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into output of every shape
export async function runJson (command: Command, args: string[], options: { input?: string } = {}): Promise<any> {
  const { stdout } = await run(command, [...args, '--json'], options)
  return JSON.parse(stdout)
}

/** Runs it at a terminal, where somebody types `keys` when there is something to read. */
export async function runAtTerminal (command: Command, args: string[], keys: string): Promise<Written> {
  const written = { stdout: '', stderr: '' }
  const terminal = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => terminal })
  await withStdin(terminal, () => running.run(written, async () => {
    const done = parse(command, args)
    while (written.stdout === '') await Promise.race([done, setImmediate()])
    terminal.write(keys)
    await done
  }))
  return written
}

/** A mistake in the arguments ends the process; here it is thrown, as a CommanderError. */
function parse (command: Command, args: string[]): Promise<Command> {
  throwInsteadOfExit(command)
  return command.parseAsync(args, { from: 'user' })
}

function throwInsteadOfExit (command: Command): void {
  command.exitOverride()
  command.commands.forEach(throwInsteadOfExit)
}

async function withStdin (stdin: Readable, work: () => Promise<unknown>): Promise<void> {
  const own = Object.getOwnPropertyDescriptor(process, 'stdin') ?? {}
  Object.defineProperty(process, 'stdin', { value: stdin, configurable: true })
  try {
    await work()
  } finally {
    Object.defineProperty(process, 'stdin', own)
  }
}
