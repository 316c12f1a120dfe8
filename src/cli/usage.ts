import type { Command } from 'commander'

/** Of a command line that is not understood; 1 is for a command that failed. */
const usageError = 2

/**
 * Lets a program end with exit code 2 where its arguments are wrong, and say so in JSON to a program that asked for it.
 * @param args as they were given
 */
export function endOnUsageErrors (command: Command, args: readonly string[]): Command {
  command.exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : usageError))
  if (args.includes('--json')) {
    command.configureOutput({
      outputError (text, write) {
        const message = text.replace(/^error: /, '').trim()
        write(`${JSON.stringify({ error: { code: 'usage', message } })}\n`)
      }
    })
  }
  for (const each of command.commands) endOnUsageErrors(each, args)
  return command
}
