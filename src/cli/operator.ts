import { userInfo } from 'node:os'
import { Option } from 'commander'
import type { ClientInfo } from '../core/lib/client-info.js'

export interface ReasonOptions {
  reason?: string | undefined
}

/** Of a command that changes something. */
export const reasonOption = () => new Option('--reason <text>', 'why, for the audit log; without personal data')

/** Who acts by the command line, and why: on the machine itself, so without an address. */
export function operator ({ reason }: ReasonOptions = {}): ClientInfo {
  return {
    address: null,
    userAgent: 'keyturn command line',
    actor: `cli:${systemUser()}`,
    ...reason !== undefined && { reason }
  }
}

/** The name of the user that this process runs as; in a container it may have none. */
export function systemUser (read: () => { username: string } = userInfo): string {
  try {
    return read().username
  } catch {
    return String(process.getuid?.())
  }
}
