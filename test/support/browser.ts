import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright-core'
import type { Test } from 'tap'

const browserPaths = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const executablePath = browserPaths.find(path => existsSync(path))

/** The reason to skip a test, where there is no browser. */
export const noBrowser = executablePath === undefined &&
  `no browser at ${browserPaths.join(', ')}; apt-get install chromium`

/** A browser takes its time to start, and for each page, where much else runs. */
const patienceMs = 120_000

/** A page of a new browser that reaches nothing but this machine; the name `keyturn.test` is this machine too. */
export async function openPage (t: Test): Promise<Page> {
  const profile = await mkdtemp(join(tmpdir(), 'keyturn-browser-'))
  const browser = await chromium.launchPersistentContext(profile, {
    ...(executablePath !== undefined && { executablePath }),
    timeout: patienceMs,
    args: [
      '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
      '--host-resolver-rules=MAP keyturn.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost'
    ]
  })
  browser.setDefaultTimeout(patienceMs)
  t.teardown(async () => {
    await browser.close()
    await rm(profile, { recursive: true, force: true })
  })
  return browser.newPage()
}
