/*
 * SQL that an index of accounts and the query that reads it must spell alike.
 */

/** What a password hash begins with: its form and parameters, with the `$` at their end. */
export const hashParameters = String.raw`substring(password_hash FROM '^\$[^$]+\$(?:v=\d+\$)?[^$]+\$')`

/** Of a hash that was made elsewhere. */
export const isForeignHash = String.raw`password_hash NOT LIKE '$argon2id$v=19$m=%,p=1$%'`
