/** A time as most seeds write it: UTC, without a fraction (`2025-12-31T23:59:59Z`, RFC 3339). */
export function toWholeSeconds (date: Date): string {
  return `${date.toISOString().slice(0, 'YYYY-MM-DDTHH:MM:SS'.length)}Z`
}
