import { parseAddresses, type Address } from '../db/address.js'
import type { Values } from './environment.js'
import { isLoopback } from './loopback.js'

/** A line when the settings carry this risk, else `undefined`. */
type Check = (values: Values) => string | false | undefined

const environments = ['production', 'development', 'test']

/** A secret made of so few different characters was typed, not generated. */
const fewCharacters = 10

const hostOf = (origin: string) => new URL(origin).hostname
const isPlain = (origin: string) => origin.startsWith('http:') && !isLoopback(hostOf(origin))
const isMonotonous = (secret: string | undefined) => secret !== undefined && new Set(secret).size < fewCharacters

/** Settings that are valid and dangerous in most places. The text names the variable and never repeats a secret. */
const checks: readonly Check[] = [
  ({ KEYTURN_SECRET }) => isMonotonous(KEYTURN_SECRET) &&
    'KEYTURN_SECRET repeats a few characters and can be guessed; make one with: openssl rand -base64 48',
  ({ JWT_SECRET }) => isMonotonous(JWT_SECRET) &&
    'JWT_SECRET repeats a few characters and can be guessed; make one with: openssl rand -base64 48',
  ({ ADMIN_TOKEN }) => isMonotonous(ADMIN_TOKEN) &&
    'ADMIN_TOKEN repeats a few characters and can be guessed; make one with: openssl rand -hex 32',
  ({ ADMIN_TOKEN, ADMIN_TOKEN_ANYWHERE }) => ADMIN_TOKEN !== undefined && ADMIN_TOKEN_ANYWHERE === 'true' &&
    'ADMIN_TOKEN_ANYWHERE=true: one secret administers from every network that reaches a listener with contract admin',
  ({ PUBLIC_URL, COOKIE_SECURE }) => PUBLIC_URL.startsWith('https:') && COOKIE_SECURE === 'false' &&
    'COOKIE_SECURE=false although PUBLIC_URL is https: browsers send the cookies over plain HTTP too',
  ({ NODE_ENV, PUBLIC_URL }) => NODE_ENV === 'production' && isPlain(PUBLIC_URL) &&
    'PUBLIC_URL is http in production: tokens and passwords can be read on the way',
  ({ NODE_ENV }) => !environments.includes(NODE_ENV) &&
    `NODE_ENV is none of ${environments.join(', ')}, and only production makes cookies Secure by itself`,
  ({ NODE_ENV, MAIL_URL }) => NODE_ENV === 'production' && MAIL_URL === undefined &&
    'MAIL_URL is not set: no mail is sent, so nobody comes back who forgot the password',
  ({ MAIL_URL }) => MAIL_URL !== undefined && new URL(MAIL_URL).searchParams.has('insecure') &&
    'MAIL_URL has ?insecure: codes and the password of the SMTP server can be read on the way',
  ({ DATABASE_URL }) => DATABASE_URL !== undefined && parseAddresses(DATABASE_URL).some(isUnencrypted) &&
    'DATABASE_URL names another host without TLS; add ?sslmode=verify-full',
  ({ CORS_ORIGIN }) => CORS_ORIGIN.some(isPlain) &&
    'CORS_ORIGIN has an http origin: a page changed on the way can use its visitors\' cookies',
  ({ ACCESS_TOKEN_TTL, REFRESH_TOKEN_TTL }) => ACCESS_TOKEN_TTL > REFRESH_TOKEN_TTL &&
    'ACCESS_TOKEN_TTL is longer than REFRESH_TOKEN_TTL: access tokens end with their session, earlier than they say',
  ({ ACCESS_TOKEN_TTL, SESSION_MAX_AGE }) => ACCESS_TOKEN_TTL > SESSION_MAX_AGE &&
    'ACCESS_TOKEN_TTL is longer than SESSION_MAX_AGE: access tokens end with their session, earlier than they say'
]

/** A line for each risk that the settings carry; the server logs them once, when it starts. */
export function riskySettings (values: Values): string[] {
  return checks.map(check => check(values)).filter(line => typeof line === 'string')
}

function isUnencrypted ({ url, host = new URL(url).hostname }: Address): boolean {
  const mode = new URL(url).searchParams.get('sslmode') ?? 'disable'
  return !host.startsWith('/') && !isLoopback(host) && ['disable', 'allow', 'prefer'].includes(mode)
}
