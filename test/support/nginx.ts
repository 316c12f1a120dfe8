import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'
import { send } from './http.js'
import { until } from './until.js'

const path = '/usr/sbin/nginx'

/** The reason to skip a test, where there is no nginx. */
export const noNginx = !existsSync(path) && `no ${path}; apt-get install nginx-light`

/** Starts nginx with these server blocks, and waits until it answers at `url`. It does not outlive the test. */
export async function startNginx (t: Test, blocks: string, url: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'keyturn-nginx-'))
  const own = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${folder}/${name};`)
  await writeFile(join(folder, 'nginx.conf'), [
    process.getuid?.() === 0 ? 'user root;' : '',
    'daemon off; worker_processes 1;',
    `pid ${folder}/pid; error_log stderr warn;`,
    'events { worker_connections 64; }',
    `http { access_log off; ${own.join(' ')}`, blocks, '}'
  ].join('\n'))
  const nginx = spawn(path, ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'])
  const exited = once(nginx, 'exit')
  const said = text(nginx.stderr)
  t.teardown(async () => {
    nginx.kill('SIGTERM')
    await exited
    await rm(folder, { recursive: true, force: true })
  })
  const answers = until('nginx answers', () => send(url).then(() => true, () => false))
  await Promise.race([answers, exited.then(async () => { throw new Error(`nginx ended: ${await said}`) })])
}
