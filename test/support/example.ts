import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type { Partner } from './partner.js'

function startExample (name: string, args: string[], issuer: string, { id, secret }: Partner) {
  return spawn(process.execPath, [fileURLToPath(new URL(`../../examples/${name}`, import.meta.url)), ...args], {
    env: { PATH: process.env.PATH, KEYTURN_URL: issuer, CLIENT_ID: id, CLIENT_SECRET: secret, PORT: '0' }
  })
}

/** Runs a program of examples/ to its end; returns what it said. */
export async function runExample (name: string, args: string[], issuer: string, partner: Partner): Promise<string> {
  const child = startExample(name, args, issuer, partner)
  const [said, complaint] = await Promise.all([text(child.stdout), text(child.stderr)])
  if (complaint !== '') throw new Error(complaint)
  return said
}

/** Starts a service of examples/, which does not outlive the test; returns its address. */
export async function startExampleService (t: Test, name: string, issuer: string, partner: Partner): Promise<string> {
  const child = startExample(name, [], issuer, partner)
  const exited = once(child, 'exit')
  child.stderr.resume()
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const [address] = await once(createInterface({ input: child.stdout }), 'line') as [string]
  return address
}
