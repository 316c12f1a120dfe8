const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Whether a text has the plain form that the database takes for an id (RFC 9562 4). */
export function isUuid (text: string): boolean {
  return uuid.test(text)
}
