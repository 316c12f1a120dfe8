import { printFailure } from './cli/failure.js'
import { createProgram } from './cli/program.js'

process.stdout.on('error', endWithReader)

try {
  await createProgram(process.env).parseAsync()
} catch (error) {
  printFailure(error, process.argv)
  process.exit(1)
}

/** A reader that has seen enough, such as head, closes the pipe. */
function endWithReader (error: NodeJS.ErrnoException): void {
  process.exit(Number(error.code !== 'EPIPE'))
}
