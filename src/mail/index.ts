import { join } from 'node:path'
import type { MailTransport } from '../core/mail/mail.js'
import { openMailFolder } from './files.js'
import { openSmtp } from './smtp.js'
import { loadTemplates } from './templates.js'

export interface MailSettings {
  /** Where mails go: to an SMTP server, into files, or nowhere. */
  delivery: 'smtp' | 'files' | 'none'
  /** Of the SMTP server; it may hold a password. */
  url: string | undefined
  /** The sender; the name may be empty. */
  from: { name: string, address: string }
  /** The folder of templates that replace those that ship. */
  templates: string | undefined
}

export interface MailTransportNeeds {
  settings: MailSettings
  /** Keyturn's own origin. */
  issuer: string
  /** Mails without an SMTP server are kept in a folder of it. */
  dataDir: string
}

/** The folder of mails that are kept as files. */
export const mailFolderIn = (dataDir: string): string => join(dataDir, 'mail')

/** Where there is nowhere to send mails to. */
export const noMail: MailTransport = {
  isAvailable: false, send: () => Promise.reject(new Error('MAIL_URL is not set'))
}

/** Opens what sends mails. @throws TemplateError */
export function openMailTransport ({ settings, issuer, dataDir }: MailTransportNeeds): MailTransport {
  const { delivery, url = '', from, templates } = settings
  const { hostname, host } = new URL(issuer)
  const render = loadTemplates({ folder: templates, service: host })
  const sender = { render, from, domain: hostname }
  if (delivery === 'smtp') return openSmtp({ ...sender, url })
  if (delivery === 'files') return openMailFolder({ ...sender, folder: mailFolderIn(dataDir) })
  return noMail
}
