import { createTransport } from 'nodemailer'
import { MailRefused, type MailTransport } from '../core/mail/mail.js'
import { toMessage, type Sender } from './message.js'

export interface SmtpOptions extends Sender {
  /** `smtp://user:pass@host:587` or `smtps://…`, as MAIL_URL has it. */
  url: string
}

/** Milliseconds for each step of the protocol. */
const timeoutMs = 10_000

const loopback = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

/** Commands whose refusal is about the mail; another one's is about the settings, which can be put right (RFC 5321). */
const ofTheMail = ['MAIL FROM', 'RCPT TO', 'DATA']

/** Opens connections to an SMTP server, over TLS unless it is on this machine or the URL says `?insecure`. */
function openTransporter (url: string) {
  const { protocol, hostname, port, username, password, searchParams } = new URL(url)
  const secure = protocol === 'smtps:'
  const isInsecure = loopback.test(hostname) || searchParams.has('insecure')
  return createTransport({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (secure ? 465 : 587) : Number(port),
    secure,
    requireTLS: !secure && !isInsecure,
    // There TLS is used if it is offered, with whatever certificate: a mail server of this machine often made its own.
    ...isInsecure && { tls: { rejectUnauthorized: false } },
    ...username !== '' && { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } },
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    // What is in a mail comes from templates and values, never from a path or a URL in them.
    disableFileAccess: true,
    disableUrlAccess: true
  })
}

/** Connects and signs in, and sends nothing. @throws the error of the server or of the system */
export async function verifySmtp (url: string): Promise<void> {
  const transporter = openTransporter(url)
  try {
    await transporter.verify()
  } finally {
    transporter.close()
  }
}

/** Sends by SMTP. */
export function openSmtp ({ url, ...sender }: SmtpOptions): MailTransport {
  const transporter = openTransporter(url)

  return {
    isAvailable: true,
    async send (mail) {
      try {
        await transporter.sendMail(toMessage(sender, mail))
      } catch (error) {
        const { responseCode = 0, command = '', message } = error as { responseCode?: number, command?: string } & Error
        if (responseCode >= 500 && ofTheMail.includes(command)) throw new MailRefused(message, { cause: error })
        throw error
      }
    }
  }
}
