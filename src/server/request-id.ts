import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { BlockList, isIPv4 } from 'node:net'
import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify'

const header = 'x-request-id'

/** Short, and nothing that a log or a header could misread. */
const acceptable = /^[\w.:-]{1,64}$/

const familyOf = (address: string) => isIPv4(address) ? 'ipv4' : 'ipv6'

type Request = Pick<IncomingMessage, 'headers'> & { socket: { remoteAddress?: string | undefined } }

/**
 * Names requests. A trusted proxy may have named one already, so that its log and ours can be joined; from anyone else
 * a name is ignored, since what happened could be recorded under a stranger's request.
 * @param trustProxy CIDRs of the trusted proxies
 */
export function createRequestIds (trustProxy: readonly string[]) {
  const proxies = new BlockList()
  for (const cidr of trustProxy) {
    const [address = '', bits] = cidr.split('/')
    const family = familyOf(address)
    if (bits === undefined) proxies.addAddress(address, family)
    else proxies.addSubnet(address, Number(bits), family)
  }
  const isProxy = (address = '') => address !== '' && proxies.check(address, familyOf(address))

  return function requestId ({ headers, socket }: Request): string {
    const given = headers[header]
    return typeof given === 'string' && acceptable.test(given) && isProxy(socket.remoteAddress) ? given : randomUUID()
  }
}

/** Sends the id with every reply. */
export function sendRequestId ({ id }: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void {
  reply.header(header, id)
  done()
}
