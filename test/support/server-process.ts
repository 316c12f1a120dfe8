import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'
import { startKeyturn, type KeyturnOptions, type Outcome } from './keyturn-process.js'

/** `keyturn serve` in a process of its own. */
export interface ServerProcess {
  pid: number
  /** The addresses of the listener with the API, and of the one for operators. */
  api: string
  ops: string
  /** The lines it has logged so far. */
  log: string[]
  /** How it ended; `stdout` is the log. */
  ended: Promise<Outcome>
  kill (signal: NodeJS.Signals): void
}

const listen = '127.0.0.1:0=partner,spa 127.0.0.1:0=ops'

/** Starts a server and waits until it can answer; it does not outlive the test. */
export async function startServerProcess (t: Test, options: KeyturnOptions): Promise<ServerProcess> {
  const child = startKeyturn(['serve'], { ...options, env: { LISTEN: listen, RATE_LIMIT_MAX: '0', ...options.env } })
  const log: string[] = []
  const stderr = text(child.stderr)
  const exited = once(child, 'close') as Promise<[number | null]>
  const ended = exited.then(async ([code]) => ({ code, stdout: log.join('\n'), stderr: await stderr }))
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })

  const lines = createInterface({ input: child.stdout })
  const ready = new Promise<void>(resolve => {
    lines.on('line', line => {
      log.push(line)
      if (line.includes('"msg":"ready"')) resolve()
    })
  })
  await Promise.race([ready, ended.then(outcome => { throw new Error(`ended: ${JSON.stringify(outcome)}`) })])
  const [api = '', ops = ''] = log.flatMap(line => /Server listening at (http:[^"]+)/.exec(line)?.[1] ?? [])
  return { pid: child.pid ?? 0, api, ops, log, ended, kill: signal => { child.kill(signal) } }
}
