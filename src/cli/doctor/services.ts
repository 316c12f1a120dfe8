import type { Settings } from '../../config/settings.js'
import { verifySmtp } from '../../mail/smtp.js'
import { openRedis } from '../../notifiers/redis.js'
import { bad, good, messageOf, type Finding } from './finding.js'

/** Redis and the SMTP server, where there are some. */
export async function examineServices ({ redisUrl, mail }: Pick<Settings, 'redisUrl' | 'mail'>): Promise<Finding[]> {
  const findings = await Promise.all([
    redisUrl === undefined ? [] : examineRedis(redisUrl), mail.url === undefined ? [] : examineSmtp(mail.url)
  ])
  return findings.flat()
}

async function examineRedis (url: string): Promise<Finding[]> {
  const redis = openRedis(url, () => {})
  const finding = await redis.ping().then(() => good('redis', 'it answers'), (error: unknown) =>
    bad('redis', `no answer: ${messageOf(error)}`,
      'start it, or correct REDIS_URL; meanwhile rate limits are counted by none'))
  redis.disconnect()
  return [finding]
}

async function examineSmtp (url: string): Promise<Finding[]> {
  try {
    await verifySmtp(url)
    return [good('mail', 'the SMTP server takes the login')]
  } catch (error) {
    return [bad('mail', `the SMTP server: ${messageOf(error)}`,
      'correct MAIL_URL; keyturn mail test ADDRESS sends one')]
  }
}
