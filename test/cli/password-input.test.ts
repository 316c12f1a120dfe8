import { Command } from 'commander'
import t from 'tap'
import { readPassword } from '../../src/cli/password-input.js'
import { run, runAtTerminal } from '../support/command-line.js'

const password = 'correct horse battery'

/** A command that does nothing but ask. */
function asking (): { command: Command, answer: () => string | undefined } {
  let answer: string | undefined
  const command = new Command().action(async () => { answer = await readPassword({}) })
  return { command, answer: () => answer }
}

t.test('at a terminal the password is asked for and not shown', async t => {
  const { command, answer } = asking()
  const { stdout, stderr } = await runAtTerminal(command, [], `${password}\r`)
  t.equal(answer(), password)
  t.match(stdout, /Password/)
  t.match(stdout, '*'.repeat(password.length))
  t.notMatch(stdout + stderr, /correct|horse|battery/)
})

t.test('Ctrl-C at the prompt ends the command', async t => {
  const { command, answer } = asking()
  await t.rejects(runAtTerminal(command, [], 'corr\u0003'), { name: 'ExitPromptError' })
  t.equal(answer(), undefined)
})

t.test('without a terminal nothing is asked', async t => {
  const { command, answer } = asking()
  await t.rejects(run(command, [], { input: `${password}\n` }), { message: /no terminal .* --password-stdin/ })
  t.equal(answer(), undefined)
})
