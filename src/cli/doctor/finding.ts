/** What was looked at, what an operator should know of it, and what to do. */
export interface Finding {
  check: 'settings' | 'files' | 'ports' | 'server' | 'database' | 'schema' | 'cluster' | 'keys' | 'events' | 'mail' |
    'redis'
  result: 'good' | 'warning' | 'bad'
  finding: string
  remedy: string | null
}

type Check = Finding['check']

export const good = (check: Check, finding: string): Finding => ({ check, result: 'good', finding, remedy: null })

export const warning = (check: Check, finding: string, remedy: string | null): Finding =>
  ({ check, result: 'warning', finding, remedy })

export const bad = (check: Check, finding: string, remedy: string): Finding =>
  ({ check, result: 'bad', finding, remedy })

/** One line of an error, for a table. */
export const messageOf = (error: unknown): string => String((error as Error).message).replace(/\n.*/s, '')
