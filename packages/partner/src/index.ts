export type { FeedState } from './event-feed.js'
export { InvalidToken, type InvalidReason } from './invalid-token.js'
export {
  createPartner, type Account, type ExchangedToken, type Health, type Partner, type PartnerOptions
} from './partner.js'
export type { AccessClaims } from './token-verifier.js'
