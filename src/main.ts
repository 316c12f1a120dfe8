import { Command } from 'commander'
import { accountCommand } from './cli/account.js'
import { auditCommand } from './cli/audit.js'
import { clientCommand } from './cli/client.js'
import { doctorCommand } from './cli/doctor.js'
import { keyCommand } from './cli/key.js'
import { mailCommand } from './cli/mail.js'
import { migrateCommand } from './cli/migrate.js'
import { openapiCommand } from './cli/openapi.js'
import { serveCommand } from './cli/serve.js'
import { sessionCommand } from './cli/session.js'
import { printFailure } from './cli/failure.js'
import { helpCommand } from './cli/help.js'
import { version } from './version.js'

const { env } = process

const program = new Command('keyturn')
  .description('Self-hosted authentication API')
  .version(version)
  .addCommand(serveCommand(env))
  .addCommand(migrateCommand(env))
  .addCommand(doctorCommand(env))
  .addCommand(openapiCommand())
  .addCommand(accountCommand(env))
  .addCommand(sessionCommand(env))
  .addCommand(auditCommand(env))
  .addCommand(keyCommand(env))
  .addCommand(clientCommand(env))
  .addCommand(mailCommand(env))

program.helpCommand(false).addCommand(helpCommand(program))

process.stdout.on('error', endWithReader)

try {
  await program.parseAsync()
} catch (error) {
  printFailure(error, process.argv)
  process.exit(1)
}

/** A reader that has seen enough, such as head, closes the pipe. */
function endWithReader (error: NodeJS.ErrnoException): void {
  process.exit(Number(error.code !== 'EPIPE'))
}
