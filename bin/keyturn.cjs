#!/usr/bin/env node
'use strict'

const { existsSync, readdirSync, stat } = require('node:fs')
const { availableParallelism, constants, setPriority } = require('node:os')
const { join } = require('node:path')
const { pathToFileURL } = require('node:url')

const main = join(__dirname, '../dist/main.js')
if (!existsSync(main)) {
  process.stderr.write('keyturn: not built yet: run "npm ci", which builds it; "npm prune --omit=dev" then removes ' +
    'what only building needs\n')
  process.exit(1)
}

// Password hashes run on libuv's threads, which DNS look-ups and file reads share. The number of threads is read
// once, when the first is needed, and an ES module's own loading needs one: so it is set here, before any. That is why
// this file reads one setting by itself, PASSWORD_HASH_CONCURRENCY; src/main.ts reads and checks all of them.
const spareThreads = 4
const hashes = Number(process.env.PASSWORD_HASH_CONCURRENCY) || availableParallelism()
process.env.UV_THREADPOOL_SIZE ??= String(hashes + spareThreads)

// A hash takes milliseconds of a core, all else microseconds: where there are not enough cores for both, hashes wait.
// Linux has a priority for each thread; those that the first task starts are the pool's.
const threadsFolder = '/proc/self/task'
try {
  const others = new Set(readdirSync(threadsFolder))
  stat('.', () => {})
  for (const thread of readdirSync(threadsFolder)) {
    if (!others.has(thread)) setPriority(Number(thread), constants.priority.PRIORITY_LOW)
  }
} catch {
  // Elsewhere they stay equal.
}

import(pathToFileURL(main).href)
