import type { Reply } from './conversation.js'
import type { Shown } from './fixture.js'

/** Headers that clients go by. */
const headers = ['content-type', 'cache-control', 'set-cookie', 'www-authenticate', 'retry-after', 'etag', 'link']

/** What people read and programs do not; the wording may change. */
const prose = new Set(['message', 'detail', 'error_description'])

const patterns: Array<[RegExp, string]> = [
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(?:Z|[+-]\d\d:\d\d)/g, '(time)'],
  [/_description="[^"]*"/g, '_description="(prose)"'],
  [/\b\d{5,}\b|\d{10,}/g, '(number)']
]

const tokens: typeof patterns = [
  [/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, '(token)'],
  [/rt_[\w-]{114}/g, '(refresh token)']
]

const uuid = /[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/g

/**
 * A reply as it can be compared with another run's: no tokens, times and prose, and of the identifiers only those that
 * both runs know.
 */
export function shown ({ status, headers: given, body }: Reply, known: ReadonlySet<string>): Shown {
  const isError = status >= 400

  function masked (text: string): string {
    const withoutTokens = replaced(text, tokens).replace(uuid, id => known.has(id) ? id : '(uuid)')
    return replaced(withoutTokens, patterns)
  }

  function maskedBody (value: unknown): unknown {
    if (typeof value === 'string') return masked(value)
    if (typeof value === 'number') return value >= 1e6 ? '(number)' : value
    if (Array.isArray(value)) return value.map(maskedBody)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, member]) =>
      [masked(name), isError && prose.has(name) ? '(prose)' : maskedBody(member)]))
  }

  return {
    status,
    headers: Object.fromEntries(headers.flatMap(name => {
      // What recognizes a device is new, and no client goes by it.
      const value = given.get(name)?.replace(/(?:, )?keyturn_device=[^,]*/, '') ?? null
      return value === null ? [] : [[name, name === 'retry-after' ? '(seconds)' : masked(value)]]
    })),
    body: maskedBody(body)
  }
}

/** The identifiers in a text, such as all rows. */
export function identifiersIn (text: string): Set<string> {
  return new Set(text.match(uuid))
}

function replaced (text: string, patterns: ReadonlyArray<[RegExp, string]>): string {
  return patterns.reduce((rest, [pattern, name]) => rest.replace(pattern, name), text)
}
