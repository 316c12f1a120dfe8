import type { TokenErrorReason } from '../errors.js'

/** Why a session ended, as stored. */
export const endReasons = ['signed_out', 'revoked', 'reused', 'password_changed', 'disabled'] as const

export type EndReason = typeof endReasons[number]

const faults = {
  signed_out: 'signed_out',
  revoked: 'revoked',
  reused: 'reused',
  password_changed: 'revoked',
  disabled: 'revoked'
} as const satisfies Record<EndReason, TokenErrorReason>

/** What the holder of a dead session's token is told; a session without a reason died with its account's epoch. */
export function tokenErrorFor (reason: string | null): TokenErrorReason {
  return faults[reason as EndReason] ?? 'revoked'
}
