import type { Pool } from '../../db/pool.js'
import type { ChallengePurpose } from '../../db/stored-values.js'
import { normalizeEmail } from '../accounts/email.js'
import { AuthError, type CodeErrorReason, type LinkErrorReason } from '../errors.js'
import type { Keyring } from '../keys/keyring.js'
import type { ClientInfo } from '../lib/client-info.js'
import { sha256 } from '../lib/secrets.js'
import type { AccountLookup, LookedUpRow } from '../sign-in/account-lookup.js'
import type { LoginThrottle } from '../sign-in/login-throttle.js'
import { codeHashes, parseLinkToken, standInId } from '../challenges/challenge-secrets.js'
import { presentCode, presentLink, type PresentedRow } from '../challenges/challenge-statements.js'
import { codeFailures } from '../challenges/rules.js'

export interface PresentationNeeds {
  sql: Pool
  keyring: Keyring
  lookup: AccountLookup
  throttle: Pick<LoginThrottle, 'reserve' | 'success' | 'failure'>
  /** Receives what the client need not know. */
  onError: (error: unknown) => void
}

/** What a person brings back from a mail: the token of the link, or the code and the address it was sent to. */
export type Proof = { token: string } | { email: string, code: string }

/** An open challenge, of which the right code or link was presented; nothing is spent yet. */
export interface Presented {
  id: string
  /** The address that it proves. */
  email: string
  account: LookedUpRow
}

export type Presentation = ReturnType<typeof createPresentation>

export const refusedCode = (reason: CodeErrorReason) => new AuthError('invalid_code', { reason })
export const refusedLink = (reason: LinkErrorReason) => new AuthError('invalid_link', { reason })

/** Compares codes and links with the challenges that they were mailed for. */
export function createPresentation ({ sql, keyring, lookup, throttle, onError }: PresentationNeeds) {
  /** Wrong codes count as failed sign-ins, also for an address without an account. */
  async function byCode (
    purpose: ChallengePurpose, account: LookedUpRow | null, email: string, code: string, clientInfo: ClientInfo
  ): Promise<Presented> {
    const reserved = await throttle.reserve(email, account?.isKnownNetwork ?? false, clientInfo, codeFailures)
    const accountId = account?.id ?? standInId(keyring, email)
    const rows = await presentCode(sql, { accountId, purpose }, codeHashes(keyring, accountId, purpose, code))
    const right = rows.find(row => row.isMatch && isOpen(row))
    if (right === undefined || account === null) {
      await throttle.failure(reserved, account?.id ?? null, { event: 'code_failed', address: clientInfo.address })
      throw refusedCode(codeFault(rows))
    }
    await throttle.success(reserved).catch(onError)
    return { id: right.id, email: right.email, account }
  }

  /** @throws AuthError `invalid_link` */
  async function byLink (purpose: ChallengePurpose, text: string, clientInfo: ClientInfo): Promise<Presented> {
    const token = parseLinkToken(text)
    if (token === null) throw refusedLink('token_unknown')
    const { accountId, id, secret } = token
    const [row] = await presentLink(sql, { accountId, purpose }, id, sha256(secret))
    if (row === undefined || !row.isMatch) throw refusedLink('token_unknown')
    if (row.isUsed) throw refusedLink('token_used')
    const account = row.isInTime && row.isCurrent ? await lookup.byId(accountId, clientInfo) : null
    if (account === null) throw refusedLink('token_expired')
    return { id, email: row.email, account }
  }

  return {
    /**
     * @throws AuthError `invalid_code`, of which the challenge has lost a try; `invalid_link`; `too_many_failures`,
     * `overloaded`
     */
    async of (purpose: ChallengePurpose, proof: Proof, clientInfo: ClientInfo): Promise<Presented> {
      if ('token' in proof) return byLink(purpose, proof.token, clientInfo)
      const account = await lookup.byEmail(proof.email, clientInfo)
      return byCode(purpose, account, normalizeEmail(proof.email), proof.code, clientInfo)
    },

    /** The same for a code that the account's own session presents. */
    async ofAccount (
      purpose: ChallengePurpose, accountId: string, code: string, clientInfo: ClientInfo
    ): Promise<Presented> {
      const account = await lookup.byId(accountId, clientInfo)
      if (account === null) throw refusedCode('code_wrong')
      return byCode(purpose, account, account.email, code, clientInfo)
    }
  }
}

const isOpen = ({ isUsed, isInTime, triesLeft, isCurrent }: PresentedRow) =>
  !isUsed && isInTime && triesLeft > 0 && isCurrent

/** Why none of the challenges takes the code: from the one that it is right for, else from the newest. */
function codeFault (rows: readonly PresentedRow[]): CodeErrorReason {
  const match = rows.find(({ isMatch }) => isMatch)
  if (match !== undefined) {
    if (match.isUsed) return 'code_used'
    return match.isInTime && match.triesLeft === 0 ? 'code_exhausted' : 'code_expired'
  }
  const [newest] = rows
  if (newest === undefined || rows.some(row => row.isInTime && row.triesLeft > 0)) return 'code_wrong'
  return newest.isInTime ? 'code_exhausted' : 'code_expired'
}
