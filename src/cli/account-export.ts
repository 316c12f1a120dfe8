import { pipeline } from 'node:stream/promises'
import { Option, type Command } from 'commander'
import type { Environment } from '../config/environment.js'
import { exportedText, exportFormats, type ExportFormat } from '../core/imports/formats/export-text.js'
import { withCore } from './with-core.js'

interface ExportOptions {
  format: ExportFormat
  withHashes?: boolean
}

/** Adds `keyturn account export`. */
export function addExportCommand (account: Command, env: Environment): void {
  account.command('export').description('print all accounts, as `account import` reads them')
    .addOption(new Option('--format <format>', 'how they are written').choices(exportFormats).default('ndjson'))
    .option('--with-hashes', 'with their password hashes: keep the output as you keep the database')
    .action(({ format, withHashes = false }: ExportOptions) => withCore(env, async ({ accounts }) => {
      await pipeline(exportedText(accounts.all(), format, withHashes), process.stdout, { end: false })
    }))
}
