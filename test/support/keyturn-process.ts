import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { variables } from '../../src/config/environment.js'
import { nodeArgs } from './loader/loader.js'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

export interface KeyturnOptions {
  /** Keyturn's variables; those of the developer's own environment are not handed on. */
  env?: Record<string, string>
  cwd?: string
  /** URL of a module to load before the program. */
  preload?: string
  /** Whether what it covers counts. It costs some time, so ask for it only where nothing else covers it. */
  counted?: boolean
}

export interface Outcome {
  /** `null` when a signal ended it. */
  code: number | null
  stdout: string
  stderr: string
}

/** Starts the command line that ships, from its sources, in a process of its own. */
export function startKeyturn (args: string[], options: KeyturnOptions = {}): ChildProcessWithoutNullStreams {
  const { env = {}, cwd, preload, counted = false } = options
  const loaders = [...nodeArgs]
  const coverage = counted ? {} : { _TAPJS_PROCESSINFO_COVERAGE_: '0' }
  const outer = Object.entries(process.env).filter(([name]) => !(name in variables))
  if (preload !== undefined) loaders.push(`--import=${preload}`)
  return spawn(process.execPath, [...loaders, main, ...args], {
    env: { ...Object.fromEntries(outer), ...coverage, ...env },
    ...(cwd !== undefined && { cwd })
  })
}

/** Runs one command as a user does and waits for its end. */
export async function keyturn (args: string[], options: KeyturnOptions & { input?: string } = {}): Promise<Outcome> {
  const child = startKeyturn(args, options)
  child.stdin.end(options.input ?? '')
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout), text(child.stderr), once(child, 'exit') as Promise<[number | null]>
  ])
  return { code, stdout, stderr }
}
