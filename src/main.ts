import { printFailure } from './cli/failure.js'
import { createProgram } from './cli/program.js'
import { endOnUsageErrors } from './cli/usage.js'

process.stdout.on('error', endWithReader)

try {
  await endOnUsageErrors(createProgram(process.env), process.argv).parseAsync()
} catch (error) {
  printFailure(error, process.argv)
  process.exit(1)
}

/** A reader that has seen enough, such as head, closes the pipe. */
function endWithReader (error: NodeJS.ErrnoException): void {
  process.exit(Number(error.code !== 'EPIPE'))
}
