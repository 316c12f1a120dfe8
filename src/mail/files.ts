import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTransport } from 'nodemailer'
import type { MailTransport } from '../core/mail/mail.js'
import { toMessage, type Sender } from './message.js'
import type { RenderedMail } from './templates.js'

export interface MailFolderOptions extends Sender {
  folder: string
}

/** A mail that was kept as a file. */
export interface KeptMail extends RenderedMail {
  id: string
  at: Date
  kind: string
  recipient: string
}

const mailFile = /^(\d{13})-([\w-]{1,64})\.json$/

/** Keeps mails as files, one each, so that everything can be tried without an SMTP server. */
export function openMailFolder ({ folder, ...sender }: MailFolderOptions): MailTransport {
  const transporter = createTransport({ jsonTransport: true })
  return {
    isAvailable: true,
    async send (mail) {
      const { message } = await transporter.sendMail(toMessage(sender, mail)) as { message: string }
      const { subject, text, html } = JSON.parse(message) as RenderedMail
      const kept = { id: mail.id, kind: mail.kind, recipient: mail.recipient, subject, text, html }
      await mkdir(folder, { recursive: true, mode: 0o700 })
      // It holds codes that sign in, so no other user may read it; renamed into place, so that none is read half.
      const draft = join(folder, `${mail.id}.draft`)
      await writeFile(draft, JSON.stringify(kept, null, 2), { mode: 0o600 })
      await rename(draft, join(folder, `${String(Date.now()).padStart(13, '0')}-${mail.id}.json`))
    }
  }
}

/** The mails in the folder, the newest first; none if there is no folder. */
export async function readMailFolder (folder: string): Promise<KeptMail[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const found = names.flatMap(name => {
    const [, time] = mailFile.exec(name) ?? []
    return time === undefined ? [] : [{ name, at: new Date(Number(time)) }]
  })
  found.sort((a, b) => b.at.getTime() - a.at.getTime())
  return Promise.all(found.map(async ({ name, at }) => ({
    ...JSON.parse(await readFile(join(folder, name), 'utf8')) as Omit<KeptMail, 'at'>, at
  })))
}
