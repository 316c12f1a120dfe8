/**
 * A time as the contracts have it: UTC, without a fraction (`2025-12-31T23:59:59Z`, RFC 3339). A number is milliseconds
 * since 1970.
 */
export function toWholeSeconds (instant: Date | number): string {
  return `${new Date(instant).toISOString().slice(0, 'YYYY-MM-DDTHH:MM:SS'.length)}Z`
}
