/** The parameters of a connection URI that the driver takes as options only, and what it calls them. */
const optionOf = { host: 'host', port: 'port', user: 'user', password: 'password', dbname: 'database' } as const

/** Where a connection URI leads, as the driver takes it; the host may be the folder of a Unix socket. */
export interface Address {
  url: string
  host?: string
  port?: number
  user?: string
  password?: string
  database?: string
}

/** The beginning of a URI without a host, `postgres://user@/database`, which no `URL` can be. */
const withoutHost = /^(\w+:\/\/(?:[^@/?#]*@)?)(?=[/?#]|$)/

const withHost = (uri: string) => uri.replace(withoutHost, '$1localhost')

/** Whether a text is a connection URI of Postgres. */
export const isAddress = (text: string): boolean => /^postgres(?:ql)?:/.test(text) && URL.canParse(withHost(text))

/**
 * Reads a connection URI in libpq's forms (Postgres 34.1.1.2): with a host, or with the folder of a Unix socket as
 * parameter `host` or percent-encoded in the host's place.
 * @throws TypeError when it is not a URI
 */
export function parseAddress (uri: string): Address {
  const url = new URL(withHost(uri))
  const options: Omit<Address, 'url'> = {}
  if (/^%2f/i.test(url.hostname)) {
    options.host = decodeURIComponent(url.hostname)
    url.hostname = 'localhost'
  }
  for (const [parameter, option] of Object.entries(optionOf)) {
    const value = url.searchParams.get(parameter)
    if (value !== null) Object.assign(options, { [option]: option === 'port' ? Number(value) : value })
    url.searchParams.delete(parameter)
  }
  return { url: url.href, ...options }
}
