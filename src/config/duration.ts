const unitSeconds = { s: 1, m: 60, h: 3600, d: 86_400 } as const

const format = /^(\d{1,9})([smhd])?$/

/** Reads `90s`, `15m`, `1h`, `30d` or plain seconds (`3600`); returns seconds, or `null` when it is none of these. */
export function parseDuration (text: string): number | null {
  const match = format.exec(text)
  if (match === null) return null
  const unit = (match[2] ?? 's') as keyof typeof unitSeconds
  return Number(match[1]) * unitSeconds[unit]
}
