import type { Keyring } from '../keys/keyring.js'
import { createPeriodic } from '../lib/periodic.js'
import { MailRefused, type MailTransport } from './mail.js'
import type { MailLimits } from './mail-limits.js'
import { valuesOf, type DueMail, type Outbox } from './outbox.js'

export interface DeliveryNeeds {
  outbox: Outbox
  limits: Pick<MailLimits, 'admitSending'>
  keyring: Keyring
  transport: MailTransport
  onError: (error: unknown) => void
}

/** Mails sent at the same time: a slow server holds up a few, not all. */
const concurrency = 5
const intervalMs = 5_000

/** Seconds from a failed attempt to the next, from the first on. */
const retryDelays = [5, 30, 120, 600, 3_600]
const laterRetryDelay = 6 * 3_600
/** Seconds after which a mail is given up. */
const maxAge = 86_400

/** Sends what is in the outbox: at least once, with the same Message-ID each time. */
export function createDelivery ({ outbox, limits, keyring, transport, onError }: DeliveryNeeds) {
  const counts = { sent: 0, failed: 0, queued: 0, oldestSeconds: 0 }

  async function giveUp (mail: DueMail, reason: string): Promise<void> {
    await outbox.markFailed(mail, reason)
    counts.failed += 1
    onError(new Error(`mail ${mail.id} (${mail.kind}) is given up: ${reason}`))
  }

  async function transmit (mail: DueMail, recipient: string): Promise<void> {
    const { id, kind } = mail
    const values = valuesOf(keyring, mail)
    if (values === null) {
      await giveUp(mail, 'no known secret encrypted it')
      return
    }
    try {
      await transport.send({ id, kind, recipient, values })
    } catch (error) {
      if (error instanceof MailRefused || mail.age > maxAge) await giveUp(mail, String(error))
      else await outbox.retryAfter(mail, String(error), retryDelays[mail.attempts] ?? laterRetryDelay)
      return
    }
    await outbox.markSent(mail)
    counts.sent += 1
  }

  async function deliver (mail: DueMail): Promise<void> {
    if (!await outbox.claim(mail)) return
    if (mail.recipient === null) {
      await outbox.drop(mail)
      return
    }
    const { isAdmitted, retryAfter } = await limits.admitSending()
    if (isAdmitted) await transmit(mail, mail.recipient)
    else await outbox.postpone(mail, retryAfter)
  }

  /** Sends all that is due now. One that fails does not hold up the others. */
  async function round (): Promise<void> {
    let due: DueMail[]
    do {
      due = await outbox.due(concurrency)
      await Promise.all(due.map(mail => deliver(mail).catch(onError)))
    } while (due.length === concurrency)
    Object.assign(counts, await outbox.backlog())
  }

  return {
    ...createPeriodic(round, { intervalMs, onError }),
    metrics: () => ({
      mailsSent: counts.sent,
      mailsFailed: counts.failed,
      mailsQueued: counts.queued,
      oldestMailSeconds: counts.oldestSeconds
    })
  }
}
