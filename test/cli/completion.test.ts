import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { createProgram } from '../../src/cli/program.js'
import { run } from '../support/command-line.js'

const execute = promisify(execFile)

/** What a shell would offer after some words. */
type Offer = (script: string, words: string[]) => Promise<string[]>

const bashLike = (shell: string, before: string): Offer => async (script, words) => {
  const line = words.map(word => `'${word}'`).join(' ')
  const { stdout } = await execute(shell, ['-c', `
    ${before}
    source ${script}
    COMP_WORDS=(keyturn ${line}); COMP_CWORD=${words.length}
    _keyturn
    printf '%s\\n' "\${COMPREPLY[@]}"`])
  // Zsh itself drops what does not begin as the word does.
  return stdout.split('\n').filter(each => each !== '' && each.startsWith(words.at(-1) ?? ''))
}

const shells: Record<string, { path: string, offer: Offer }> = {
  bash: { path: '/usr/bin/bash', offer: bashLike('/usr/bin/bash', '') },
  zsh: { path: '/usr/bin/zsh', offer: bashLike('/usr/bin/zsh', 'emulate sh') },
  fish: {
    path: '/usr/bin/fish',
    offer: async (script, words) => {
      const { stdout } = await execute('/usr/bin/fish', ['--no-config', '-c',
        `source ${script}; complete -C "keyturn ${words.join(' ')}"`])
      return stdout.split('\n').map(line => line.split('\t', 1)[0] ?? '').filter(each => each !== '')
    }
  }
}

async function scriptFor (t: Test, shell: string): Promise<string> {
  const { stdout } = await run(createProgram({}), ['completion', shell])
  const path = join(t.testdir({}), 'completion')
  await writeFile(path, stdout)
  return path
}

for (const [shell, { path, offer }] of Object.entries(shells)) {
  t.test(`${shell} completes commands and options`, { skip: !existsSync(path) && `no ${path}` }, async t => {
    const script = await scriptFor(t, shell)
    const after = (...words: string[]) => offer(script, words)
    const first = await after('')
    for (const command of ['serve', 'account', 'completion']) t.ok(first.includes(command), command)
    t.same(await after('acc'), ['account'])
    t.same(await after('account', 'pers'), ['personal-data'])
    t.same(await after('account', 'update', 'user@example.com', '--rea'), ['--reason'])
    t.ok((await after('webhook', 'add', '--')).includes('--json'))
    t.notOk((await after('webhook', 'add', '--')).includes('--with-hashes'))
  })
}

t.test('each shell gets a script, any other is refused', async t => {
  for (const shell of Object.keys(shells)) {
    t.match((await run(createProgram({}), ['completion', shell])).stdout, 'keyturn')
  }
  await t.rejects(run(createProgram({}), ['completion', 'csh']), { code: 'commander.invalidArgument' })
})
