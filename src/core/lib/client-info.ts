/** Where a request came from and who sent it, for the list of sessions and the audit record. */
export interface ClientInfo {
  address: string | null
  userAgent: string | null
  /** What its client calls the device, if it says. */
  deviceName?: string | null
  /** What an earlier sign-in gave this device to be recognized by, if it sends it. */
  deviceToken?: string | null
  /** Who acts: `user`, `client:` or `cli:` and a name; without it, who usually causes the kind of event. */
  actor?: string
  /** Of an operator's request, for the record. */
  requestId?: string
  /** Why an operator does it. */
  reason?: string
}
