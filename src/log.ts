import { pino, type Logger } from 'pino'
import { isTerminal, terminalLog } from './terminal-log.js'

/**
 * The log: JSON lines, or readable ones where the destination is a terminal. Of a request it has method, path and
 * address; never a header, a body or a query, where credentials travel. Of an error it has what a developer needs;
 * never the driver's details, which quote rows.
 */
export function createLog (level: string, destination: NodeJS.WritableStream = process.stdout): Logger {
  return pino({
    level,
    serializers: {
      req: (request: { method: string, url: string, ip?: string }) =>
        ({ method: request.method, path: withoutTokens(request.url), address: request.ip }),
      res: (reply: { statusCode: number }) => ({ status: reply.statusCode }),
      err: serializeError
    }
  }, isTerminal(destination) ? terminalLog(destination) : destination)
}

/** The path of a URL; a token that a client puts into it is left out. */
export function withoutTokens (url: string): string {
  const [path = ''] = url.split('?', 1)
  return path.replaceAll(/eyJ[\w-]+\.[\w-]+\.[\w-]+|rt_[\w-]+/g, '(token)')
}

function serializeError (error: Error & { code?: unknown }): object {
  const { name, message, code, stack, cause } = error
  return { name, message, code, stack, ...(cause instanceof Error && { cause: serializeError(cause) }) }
}
