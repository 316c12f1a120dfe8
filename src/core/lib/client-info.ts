/** Where a request came from, for the list of sessions and the audit record. */
export interface ClientInfo {
  address: string | null
  userAgent: string | null
  /** What an earlier sign-in gave this device to be recognized by, if it sends it. */
  deviceToken?: string | null
}
