import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { isDriverFault, surviveDriverFaults } from '../../src/db/driver-faults.js'
import { testLog } from '../support/build.js'
import { loader } from '../support/loader/loader.js'
import { postgresDatabase } from '../support/test-database.js'

const withStack = (stack: string) => Object.assign(new Error('failed'), { stack })

t.test('a fault of the driver is known by where it was thrown', async t => {
  for (const file of [
    'file:///app/node_modules/postgres/src/connection.js', '/app/node_modules/postgres/cjs/src/connection.js',
    'C:\\app\\node_modules\\postgres\\src\\connection.js'
  ]) {
    const frames = [`at Immediate.nextWrite (${file}:255:22)`, 'at process.processImmediate (node:timers:483:21)']
    const stack = ['TypeError: Cannot read properties of null', ...frames].join('\n    ')
    t.equal(isDriverFault(withStack(stack)), true, file)
  }
})

t.test('nothing else is', async t => {
  const driver = 'at Immediate.nextWrite (/app/node_modules/postgres/src/connection.js:255:22)'
  const stacks = [
    `Error: ours\n    at ours (/app/src/core/refresh.js:1:1)\n    ${driver}`,
    'Error: theirs\n    at x (/app/node_modules/other/src/connection.js:1:1)',
    'Error: theirs\n    at x (/app/node_modules/postgres/src/query.js:1:1)',
    'Error: /postgres/src/connection.js\n    at ours (/app/src/main.js:1:1)',
    'Error: without frames',
    ''
  ]
  for (const stack of stacks) t.equal(isDriverFault(withStack(stack)), false, stack)
  t.equal(isDriverFault(new Error('here')), false)
  for (const thrown of [undefined, null, 'text', { stack: driver }]) t.equal(isDriverFault(thrown), false)
  t.equal(isDriverFault(Object.assign(new Error('bare'), { stack: undefined })), false)
})

t.test('the process goes on after a fault of the driver, and ends with any other', async t => {
  const codes: unknown[] = []
  const process = Object.assign(new EventEmitter(), { exit: (code: unknown) => codes.push(code) })
  const { lines, log } = testLog()
  surviveDriverFaults(process as unknown as NodeJS.Process, log)

  process.emit('uncaughtException', withStack('Error: x\n    at f (/n/postgres/src/connection.js:1:1)'))
  t.same(codes, [])
  t.match(lines.pop(), '"msg":"the database driver lost a connection"')
  process.emit('uncaughtException', new Error('ours'))
  t.same(codes, [1])
  t.match(lines.pop(), /"level":60.*"message":"ours".*"msg":"uncaught exception"/)
})

/** Runs support/driver-crash.ts in a process of its own. */
async function crash (t: Test, ...mode: string[]): Promise<{ code: unknown, stdout: string, stderr: string }> {
  const script = fileURLToPath(new URL('../support/driver-crash.ts', import.meta.url))
  const args = [loader, script, await postgresDatabase(t), ...mode]
  const child = spawn(process.execPath, args, { env: { ...process.env, _TAPJS_PROCESSINFO_COVERAGE_: '0' } })
  t.teardown(() => child.kill('SIGKILL'))
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { code, stdout, stderr }
}

t.test('a backend that dies inside sql.begin ends a process that does nothing about it', async t => {
  const { code, stderr } = await crash(t)
  t.not(code, 0)
  t.match(stderr, /TypeError: .*\n +at Immediate\.nextWrite .*postgres\/src\/connection\.js/)
})

t.test('it does not end one that is guarded', async t => {
  const { code, stdout, stderr } = await crash(t, 'guarded')
  t.match({ code, stderr }, { code: 0, stderr: '' })
  t.match(stdout, '"msg":"the database driver lost a connection"')
  t.match(stdout, 'still here')
})
