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

/** Sends by SMTP, over TLS unless the server is on this machine or the URL says `?insecure`. */
export function openSmtp ({ url, ...sender }: SmtpOptions): MailTransport {
  const { protocol, hostname, port, username, password, searchParams } = new URL(url)
  const secure = protocol === 'smtps:'
  const isInsecure = loopback.test(hostname) || searchParams.has('insecure')
  const transporter = createTransport({
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
