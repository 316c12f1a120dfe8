/** A stream that shows text to a person. */
export interface Terminal extends NodeJS.WritableStream {
  isTTY: true
  hasColors (): boolean
}

/** An entry as `createLog` writes it. */
interface Entry {
  level: number
  time: number
  msg?: string
  err?: LoggedError
  req?: { method: string, path: string, address?: string }
  res?: { status: number }
  ms?: number
  [other: string]: unknown
}

interface LoggedError {
  message: string
  code?: string
  stack?: string
  cause?: LoggedError
}

/** Select Graphic Rendition (ECMA-48 8.3.117). */
const sgr = { reset: 0, dim: 2, red: 31, green: 32, yellow: 33 } as const

type Style = keyof typeof sgr

const levels: Record<number, [name: string, style: Style]> = {
  10: ['trace', 'dim'],
  20: ['debug', 'dim'],
  30: ['info', 'green'],
  40: ['warn', 'yellow'],
  50: ['error', 'red'],
  60: ['fatal', 'red']
}

/** Characters that a terminal would execute rather than show: control and bidirectional ones, which a path may have. */
// eslint-disable-next-line no-control-regex -- they are what is looked for
const unprintable = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

/** Fastify's line about each listener; on a terminal the welcome lists them. */
const listening = /^Server listening at /

export function isTerminal (stream: NodeJS.WritableStream): stream is Terminal {
  return 'isTTY' in stream && stream.isTTY === true
}

/** A destination of the log that shows each entry to a person: a line, and below it the stack of a bug. */
export function terminalLog (terminal: Terminal): { write (json: string): void } {
  const style = (format: Style, text: string) =>
    terminal.hasColors() ? `\u001b[${sgr[format]}m${text}\u001b[${sgr.reset}m` : text

  return {
    write (json) {
      const entry = JSON.parse(json) as Entry
      if (listening.test(entry.msg ?? '')) return
      const [level, format] = levels[entry.level] ?? ['log', 'dim']
      const text = printable([...requestOf(entry), ...messageOf(entry), ...othersOf(entry)].join(' '))
      terminal.write(`${style('dim', timeOf(entry))} ${style(format, level.padEnd(5))} ${text}\n${stackOf(entry)}`)
    }
  }
}

function timeOf ({ time }: Entry): string {
  return new Date(time).toTimeString().slice(0, 8)
}

/** `POST /api/auth/login 401 24 ms from 127.0.0.1` */
function requestOf ({ req, res, ms }: Entry): string[] {
  if (req === undefined) return []
  return [req.method, req.path, `${res?.status}`, `${ms} ms`, `from ${req.address}`]
}

/** The message, and what went wrong down to its cause. For a request they are not needed. */
function messageOf ({ msg, err, req }: Entry): string[] {
  const reasons: string[] = []
  for (let error = err; error !== undefined; error = error.cause) reasons.push(error.message)
  // An error that is logged without words has its own for them.
  const words = req === undefined && msg !== undefined && msg !== err?.message ? [msg, ...reasons] : reasons
  return words.length > 0 ? [words.join(': ')] : []
}

/** The other members of the entry, as `name=value`. */
function othersOf (entry: Entry): string[] {
  const { level, time, pid, hostname, contracts, msg, err, req, res, ms, reqId, ...others } = entry
  return Object.entries(others).map(([name, value]) =>
    `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
}

/** An error with a code is the system's or the database's, and its message says enough; any other may be a bug. */
function stackOf ({ err }: Entry): string {
  if (err?.stack === undefined || err.code !== undefined) return ''
  return err.stack.split('\n').slice(1).map(line => `${printable(line)}\n`).join('')
}

function printable (text: string): string {
  return text.replaceAll(unprintable, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
