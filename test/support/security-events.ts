/** The claims of a token, unchecked. */
export function claimsOf (token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>
}

/** The types of the events in a security event token. */
export const typesOf = ({ events }: Record<string, unknown>): string[] => Object.keys(events as object)
