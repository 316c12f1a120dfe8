/** Where a request came from, for the list of sessions and the audit record. */
export interface ClientInfo {
  address: string | null
  userAgent: string | null
}
