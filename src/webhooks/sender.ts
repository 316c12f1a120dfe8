import { lookup as resolveHost, type LookupAddress } from 'node:dns'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'
import { isLoopback } from '../config/loopback.js'
import type { WebhookRequest, WebhookSender } from '../core/webhooks/webhook.js'

const tenSeconds = 10_000

/** Bytes of a reply that are read; what follows is cut off. */
const maxReplyBytes = 65_536

export interface WebhookSenderOptions {
  /** Whether requests go to this machine too, also without TLS: for trying things out. */
  allowsLoopback: boolean
  /** Milliseconds for a whole request. */
  timeoutMs?: number
}

/**
 * Sends requests to addresses that operators give. Who can add a webhook could have this server ask others inside
 * its network (OWASP, server-side request forgery): only public addresses are connected to, whatever a name resolves
 * to at that moment, and redirects are not followed.
 */
export function createWebhookSender (
  { allowsLoopback, timeoutMs = tenSeconds }: WebhookSenderOptions
): WebhookSender {
  /** @throws Error for an address that is never connected to */
  function refuseUnlessPublic (address: string): void {
    const range = ipaddr.process(address).range()
    if (range === 'unicast' || (range === 'loopback' && allowsLoopback)) return
    throw new Error(`webhooks are not sent to ${range} addresses`)
  }

  const lookup: LookupFunction = (hostname, options, callback) => {
    resolveHost(hostname, { ...options, all: true }, (error, addresses) => {
      try {
        if (error !== null) throw error
        for (const { address } of addresses) refuseUnlessPublic(address)
        const [first] = addresses as [LookupAddress]
        if (options.all === true) callback(null, addresses)
        else callback(null, first.address, first.family)
      } catch (refused) {
        callback(refused as NodeJS.ErrnoException, [])
      }
    })
  }

  function check (url: string): void {
    const { protocol, hostname, username, password } = new URL(url)
    const host = hostname.replace(/^\[|\]$/g, '')
    if (username !== '' || password !== '') throw new Error('the URL of a webhook has no credentials in it')
    if (protocol !== 'https:' && !(protocol === 'http:' && allowsLoopback && isLoopback(host))) {
      throw new Error('the URL of a webhook begins with https:')
    }
    if (ipaddr.isValid(host)) refuseUnlessPublic(host)
  }

  return {
    check,

    send ({ url, headers, body }: WebhookRequest): Promise<number> {
      check(url)
      const request = url.startsWith('https:') ? requestHttps : requestHttp
      return new Promise((resolve, reject) => {
        const sent = request(url, {
          method: 'POST',
          headers: { ...headers, 'content-length': Buffer.byteLength(body), 'user-agent': 'keyturn' },
          lookup,
          agent: false,
          signal: AbortSignal.timeout(timeoutMs)
        }, reply => {
          let size = 0
          const done = () => resolve(Number(reply.statusCode))
          reply.on('data', (chunk: Buffer) => {
            size += chunk.length
            if (size <= maxReplyBytes) return
            done()
            reply.destroy()
          }).on('end', done).on('error', reject)
        })
        sent.on('error', reject).end(body)
      })
    }
  }
}
