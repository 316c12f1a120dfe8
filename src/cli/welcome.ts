import { resolve } from 'node:path'
import type { Settings } from '../config/settings.js'
import { mailFolderIn } from '../mail/index.js'
import type { Listening } from '../server/front-page.js'
import { isTerminal } from '../terminal-log.js'
import { version } from '../version.js'

export interface WelcomeNeeds {
  output: NodeJS.WritableStream
  log: { isLevelEnabled (level: string): boolean }
  settings: Pick<Settings, 'apiDocs'> & {
    database: Pick<Settings['database'], 'url' | 'dataDir'>
    mail: Pick<Settings['mail'], 'delivery'>
  }
  listeners: readonly Listening[]
}

/** At a terminal, shows the listeners, the documentation and how to stop; elsewhere, the log has the addresses. */
export function welcome ({ output, log, settings, listeners }: WelcomeNeeds): void {
  const { apiDocs, database, mail: { delivery } } = settings
  const mailFolder = resolve(mailFolderIn(database.dataDir))
  if (!isTerminal(output) || !log.isLevelEnabled('info')) return
  const width = Math.max(...listeners.map(({ url }) => url.length))
  output.write([
    `Keyturn ${version}`,
    '',
    ...listeners.map(({ url, contracts }) => `  ${url.padEnd(width)}  ${contracts.join(', ')}`),
    '',
    ...(apiDocs === 'on' ? [`  Documentation  ${listeners[0]?.url}/docs, and /docs on every other address`] : []),
    `  Data           ${databaseOf(database)}`,
    ...(delivery === 'files' ? [`  Mail           files in ${mailFolder}, which \`keyturn mail list\` shows`] : []),
    '  Stop           Ctrl-C',
    '',
    ''
  ].join('\n'))
}

/** Where accounts and sessions are kept; of a URL only host and name, since it holds a password. */
function databaseOf ({ url, dataDir }: WelcomeNeeds['settings']['database']): string {
  if (url === undefined) return `embedded Postgres in ${resolve(dataDir)}`
  const { host, pathname } = new URL(url)
  return `Postgres at ${host}${pathname}`
}
