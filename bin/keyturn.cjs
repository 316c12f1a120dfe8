#!/usr/bin/env node
'use strict'

// Password hashes run on libuv's threads, which DNS look-ups and file reads share. The number of threads is read
// once, when the first is needed, and an ES module's own loading needs one: so it is set here, before any.
const { availableParallelism } = require('node:os')
const spareThreads = 4
const hashes = Number(process.env.PASSWORD_HASH_CONCURRENCY) || availableParallelism()
process.env.UV_THREADPOOL_SIZE ??= String(hashes + spareThreads)

import('../dist/main.js')
