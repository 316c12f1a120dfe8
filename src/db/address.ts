/** The parameters of a connection URI that the driver takes as options only, and what it calls them. */
const optionOf = { user: 'user', password: 'password', dbname: 'database' } as const

/** A server, as the driver takes it; the host may be the folder of a Unix socket. */
export interface Address {
  url: string
  host?: string
  port?: number
  user?: string
  password?: string
  database?: string
}

/** Keyturn writes, so it uses no other server, whether the URI asks for one or not. */
const sessionAttributes = ['read-write', 'primary']

/** A URI before its hosts, they themselves, and the rest: no `URL` can have none of them, or several. */
const parts = /^(postgres(?:ql)?:\/\/(?:[^@/?#]*@)?)([^/?#]*)(.*)$/s

/** Whether a text is a connection URI of Postgres, and asks for a server that takes writes, if it asks for one. */
export function isAddress (text: string): boolean {
  try {
    return parseAddresses(text).length > 0
  } catch {
    return false
  }
}

/**
 * Reads a connection URI in libpq's forms (Postgres 34.1.1.2): with one host or several, or with folders of Unix
 * sockets as parameter `host` or percent-encoded in the hosts' place.
 * @returns the servers in the URI's order
 * @throws TypeError when it is not a URI, when hosts and ports are not as many, or when it asks for a standby
 */
export function parseAddresses (uri: string): [Address, ...Address[]] {
  const [, before, hosts = '', after] = parts.exec(uri) ?? []
  if (before === undefined) throw new TypeError('not a connection URI of Postgres')
  const inAuthority = hosts.split(',')
  const { searchParams: parameters } = new URL(`${before}localhost${after}`)
  const attributes = parameters.get('target_session_attrs') ?? 'read-write'
  if (!sessionAttributes.includes(attributes)) throw new TypeError('not for a server that takes writes')
  const named = parameters.get('host')?.split(',') ?? inAuthority.map(() => undefined)
  const ports = parameters.get('port')?.split(',') ?? []
  if (inAuthority.length > 1 && named.length !== inAuthority.length) throw new TypeError('more hosts than folders')
  if (!ports.every(port => /^\d+$/.test(port))) throw new TypeError('a port is no number')
  if (ports.length > 1 && ports.length !== named.length) throw new TypeError('not as many ports as hosts')
  return named.map((host, index) => {
    const port = ports[index] ?? ports[0]
    return toAddress(`${before}${(inAuthority[index] ?? inAuthority[0]) || 'localhost'}${after}`, host, port)
    // A text that is split has one part at least.
  }) as [Address, ...Address[]]
}

/** @param uri of one host; `host` and `port` take precedence over its own */
function toAddress (uri: string, host: string | undefined, port: string | undefined): Address {
  const url = new URL(uri)
  const options: Omit<Address, 'url'> = {}
  if (host !== undefined) options.host = host
  else if (/^%2f/i.test(url.hostname)) {
    options.host = decodeURIComponent(url.hostname)
    url.hostname = 'localhost'
  }
  if (port !== undefined) options.port = Number(port)
  for (const [parameter, option] of Object.entries(optionOf)) {
    const value = url.searchParams.get(parameter)
    if (value !== null) options[option] = value
  }
  for (const read of ['host', 'port', 'target_session_attrs', ...Object.keys(optionOf)]) url.searchParams.delete(read)
  return { url: url.href, ...options }
}

/** Where a server is, without what is needed to get in. */
export function serverName ({ url, host, port }: Address): string {
  const { hostname, port: ownPort } = new URL(url)
  return `${host ?? hostname}:${port ?? (ownPort || 5432)}`
}
