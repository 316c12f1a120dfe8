/** The parameters of a connection URI that the driver takes as options only, and what it calls them. */
const optionOf = { host: 'host', port: 'port', user: 'user', password: 'password', dbname: 'database' } as const

type Option = typeof optionOf[keyof typeof optionOf]

/** Where a connection URI leads, as the driver takes it; the host may be the folder of a Unix socket. */
export type Address = { url: string } & Partial<Record<Option, string>>

/** The beginning of a URI without a host, `postgres://user@/database`, which no `URL` can be. */
const withoutHost = /^(\w+:\/\/(?:[^@/?#]*@)?)(?=[/?#]|$)/

/**
 * Reads a connection URI in libpq's forms (Postgres 34.1.1.2): with a host, or with the folder of a Unix socket as
 * parameter `host` or percent-encoded in the host's place.
 * @returns `null` when it is not a URI
 */
export function parseAddress (uri: string): Address | null {
  const text = uri.replace(withoutHost, '$1localhost')
  if (!URL.canParse(text)) return null
  const url = new URL(text)
  const options: Partial<Record<Option, string>> = {}
  if (/^%2f/i.test(url.hostname)) {
    options.host = decodeURIComponent(url.hostname)
    url.hostname = 'localhost'
  }
  for (const [parameter, option] of Object.entries(optionOf)) {
    const value = url.searchParams.get(parameter)
    if (value !== null) options[option] = value
    url.searchParams.delete(parameter)
  }
  return { url: url.href, ...options }
}
