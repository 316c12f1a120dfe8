#!/usr/bin/env node
'use strict'

const { readdirSync, stat } = require('node:fs')
const { availableParallelism, constants, setPriority } = require('node:os')

// Password hashes run on libuv's threads, which DNS look-ups and file reads share. The number of threads is read
// once, when the first is needed, and an ES module's own loading needs one: so it is set here, before any.
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

import('../dist/main.js')
