import { Command } from 'commander'
import type { Environment } from '../config/environment.js'
import { accountCommand } from './account.js'
import { auditCommand } from './audit.js'
import { clientCommand } from './client.js'
import { completionCommand } from './completion.js'
import { doctorCommand } from './doctor/index.js'
import { keyCommand } from './key.js'
import { mailCommand } from './mail.js'
import { migrateCommand } from './migrate.js'
import { openapiCommand } from './openapi.js'
import { serveCommand } from './serve.js'
import { sessionCommand } from './session.js'
import { statsCommand } from './stats.js'
import { helpCommand } from './help.js'
import { webhookCommand } from './webhook.js'
import { version } from '../version.js'

/** The command line: `keyturn` with all its commands, over the settings of an environment. */
export function createProgram (env: Environment): Command {
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
    .addCommand(webhookCommand(env))
    .addCommand(statsCommand(env))
  return program.helpCommand(false).addCommand(completionCommand(program)).addCommand(helpCommand(program))
}
