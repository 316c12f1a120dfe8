import { Command } from 'commander'
import { accountCommand } from './cli/account.js'
import { auditCommand } from './cli/audit.js'
import { clientCommand } from './cli/client.js'
import { keyCommand } from './cli/key.js'
import { migrateCommand } from './cli/migrate.js'
import { openapiCommand } from './cli/openapi.js'
import { serveCommand } from './cli/serve.js'
import { sessionCommand } from './cli/session.js'
import { ConfigError } from './config/environment.js'
import { version } from './version.js'

const { env } = process

const program = new Command('keyturn')
  .description('Self-hosted authentication API')
  .version(version)
  .addCommand(serveCommand(env))
  .addCommand(migrateCommand(env))
  .addCommand(openapiCommand())
  .addCommand(accountCommand(env))
  .addCommand(sessionCommand(env))
  .addCommand(auditCommand(env))
  .addCommand(keyCommand(env))
  .addCommand(clientCommand(env))

try {
  await program.parseAsync()
} catch (error) {
  const lines = error instanceof ConfigError ? error.problems : [(error as Error).message]
  for (const line of lines) process.stderr.write(`keyturn: ${line}\n`)
  process.exit(1)
}
