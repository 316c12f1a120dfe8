import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Addresses } from './conversation.js'

const listen = '127.0.0.1:0=partner,session,spa,oauth 127.0.0.1:0=tasks 127.0.0.1:0=web 127.0.0.1:0=ops'

export interface ReleaseAddresses extends Addresses {
  ops: string
}

/** A built checkout of a release, over one database. */
export interface OldRelease {
  /** Runs one command; resolves with what it printed. */
  command: (args: string[], input?: string) => Promise<string>
  /** Runs the server while some work is done with it; `more` are variables of its own. */
  serving: <T>(more: Record<string, string>, work: (addresses: ReleaseAddresses) => Promise<T>) => Promise<T>
}

/** The release in the folder `path`; its processes get `environment` and nothing else but PATH. */
export function oldRelease (path: string, environment: Record<string, string>): OldRelease {
  const executable = join(path, 'bin', 'keyturn.cjs')
  const env = { PATH: process.env.PATH, LISTEN: listen, ...environment }
  return {
    command: (args, input = '') => new Promise((resolve, reject) => {
      const child = execFile(process.execPath, [executable, ...args], { env }, (error, stdout, stderr) => {
        if (error === null) resolve(stdout)
        else reject(new Error(`${args.join(' ')}: ${stderr}`))
      })
      child.stdin?.end(input)
    }),

    async serving (more, work) {
      const child = spawn(process.execPath, [executable, 'serve'], {
        env: { ...env, ...more }, stdio: ['ignore', 'pipe', 'inherit']
      })
      const exited = once(child, 'exit')
      const addresses: string[] = []
      try {
        for await (const line of createInterface({ input: child.stdout })) {
          addresses.push(.../Server listening at (http:[^"]+)/.exec(line)?.slice(1) ?? [])
          if (line.includes('"msg":"ready"')) break
        }
        child.stdout.resume()
        const [api = '', tasks = '', web = '', ops = ''] = addresses
        return await work({ api, tasks, web, ops })
      } finally {
        child.kill('SIGTERM')
        await exited
      }
    }
  }
}
