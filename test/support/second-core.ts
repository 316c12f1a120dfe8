import type { Test } from 'tap'
import { openBackend } from '../../src/backend.js'
import type { Settings } from '../../src/config/settings.js'
import type { Core } from '../../src/core/index.js'
import { testLog } from './build.js'
import { withOverrides, type Overrides } from './settings.js'

/** The client info of the command line. */
export const operator = { address: null, userAgent: 'test' }

/** A second core over the database of a running server, of either kind, as the command line opens it. */
export async function secondCore (t: Test, settings: Settings, overrides: Overrides = {}): Promise<Core> {
  const backend = await openBackend({ settings: withOverrides(settings, overrides), log: testLog().log, now: Date.now })
  t.teardown(() => backend.close())
  await backend.prepare()
  return backend.core
}
