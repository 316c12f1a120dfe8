import { Command } from 'commander'
import type { Environment } from '../config/environment.js'
import { loadSettings } from '../config/settings.js'
import { contractNames } from '../contracts/names.js'
import { AuthError } from '../core/errors.js'
import { mailFolderIn } from '../mail/index.js'
import { readMailFolder } from '../mail/files.js'
import { count, email } from './arguments.js'
import { print, printDone, printRows, warn, type OutputOptions } from './output.js'
import { withCore } from './with-core.js'

interface QueueOptions extends OutputOptions {
  failed?: boolean
  limit: number
}

const defaultLimit = 100

/** `keyturn mail …` */
export function mailCommand (env: Environment): Command {
  const mail = new Command('mail').description('try the mail settings, and look at mails')

  mail.command('test').argument('<address>', '', email)
    .description('send a mail to an address, now')
    .option('--json', 'print JSON')
    .action((address: string, options: OutputOptions) => withCore(env, async core => {
      await core.mail.sendTest(address)
      printDone(`sent a test mail to ${address}`, { sent: address }, options)
    }))

  mail.command('queue').description('list the mails that wait to be sent, the next one first')
    .option('--failed', 'list those that were given up instead, the newest first')
    .option('--limit <count>', 'mails at most', count, defaultLimit)
    .option('--json', 'print JSON')
    .action(({ failed = false, limit, ...output }: QueueOptions) => withCore(env, async core => {
      const mails = await (failed ? core.mail.failed(limit) : core.mail.waiting(limit))
      printRows(mails.map(({ id, kind, recipient, createdAt, dueAt, failedAt, attempts, lastError }) =>
        ({ id, kind, recipient, createdAt, ...failed ? { failedAt } : { dueAt }, attempts, lastError })), output)
    }))

  mail.command('list').description('list the mails that were kept as files, for want of an SMTP server')
    .option('--json', 'print JSON')
    .action(async (options: OutputOptions) => {
      const mails = await readMailFolder(folderOf(env))
      printRows(mails.map(({ id, at, kind, recipient, subject }) => ({ id, at, kind, recipient, subject })), options)
    })

  mail.command('show').argument('<id>', 'an id that `list` shows, or the beginning of one')
    .description('show a mail that was kept as a file')
    .option('--json', 'print JSON')
    .action(async (id: string, { json = false }: OutputOptions) => {
      const found = (await readMailFolder(folderOf(env))).find(each => each.id.startsWith(id))
      if (found === undefined) throw new AuthError('not_found', { message: 'no mail that was kept has this id' })
      const { recipient, subject, text } = found
      print(json ? JSON.stringify(found, null, 2) : `To: ${recipient}\nSubject: ${subject}\n\n${text}`)
    })

  return mail
}

function folderOf (env: Environment): string {
  const { mail: { delivery }, database: { dataDir } } = loadSettings(env, contractNames)
  if (delivery !== 'files') warn('mails are not kept as files with these settings; see keyturn mail queue')
  return mailFolderIn(dataDir)
}
