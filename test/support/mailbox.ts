import { rm } from 'node:fs/promises'
import { mailFolderIn } from '../../src/mail/index.js'
import { readMailFolder, type KeptMail } from '../../src/mail/files.js'
import type { MailKind } from '../../src/db/stored-values.js'
import { until } from './until.js'

/** A mail with what a person takes from it; empty where it has none. */
export interface ReceivedMail extends KeptMail {
  code: string
  link: string
  token: string
}

/** The mails of a server whose mails are kept as files. */
export function mailboxOf ({ database: { dataDir } }: { database: { dataDir: string } }) {
  const read = new Set<string>()

  /** All mails to an address, the oldest first. */
  async function mailsTo (recipient: string): Promise<ReceivedMail[]> {
    const mails = await readMailFolder(mailFolderIn(dataDir))
    return mails.filter(mail => mail.recipient === recipient).reverse().map(received)
  }

  return {
    mailsTo,

    /** Throws all mails away. */
    clear: (): Promise<void> => rm(mailFolderIn(dataDir), { recursive: true, force: true }),

    /** The next mail of a kind to an address that was not received yet; waits for it. */
    async next (recipient: string, kind: MailKind): Promise<ReceivedMail> {
      let found: ReceivedMail | undefined
      await until(`there is a mail ${kind} to ${recipient}`, async () => {
        found = (await mailsTo(recipient)).find(mail => mail.kind === kind && !read.has(mail.id))
        return found !== undefined
      })
      if (found === undefined) throw new Error('unreachable')
      read.add(found.id)
      return found
    }
  }
}

function received (mail: KeptMail): ReceivedMail {
  const [code = ''] = /(?<=^ {4})\d{8}$/m.exec(mail.text) ?? []
  const [link = ''] = /^https?:\S+$/m.exec(mail.text) ?? []
  return { ...mail, code, link, token: link.split('#token=')[1] ?? '' }
}
