import argon2 from 'argon2'
import { unavailable } from '../../src/core/errors.js'
import { openDatabase } from '../../src/db/database.js'
import { closedLoop, type Worker } from '../harness/closed-loop.js'
import type { LimitOptions, LoopOrder } from './limits.js'
import { updateSession } from './session-row.js'

/*
 * A process of its own: what Keyturn's server waits for, without a server around it. It runs a loop whenever it
 * is told to, and answers with what the loop saw.
 */

const options = JSON.parse(process.argv[2] ?? '') as LimitOptions
const { databaseUrl: url, poolMax } = options
const { sql } = openDatabase({ target: { url }, poolMax, toUnavailable: unavailable })

const workers: Record<LoopOrder['loop'], Worker[]> = {
  update: options.keys.map(key => () => updateSession(sql, key)),
  verify: Array.from({ length: options.hashesAtOnce }, () => async () => {
    if (!await argon2.verify(options.passwordHash, options.password)) throw new Error('the password is right')
  })
}

process.on('message', ({ loop, seconds }: LoopOrder) => {
  closedLoop(workers[loop], seconds).then(sample => process.send?.(sample), error => { throw error })
})
process.on('disconnect', () => process.exit())
process.send?.('ready')
