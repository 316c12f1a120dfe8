/** Letters, marks and digits of any script, and the signs that are usual in names of accounts. */
const characters = /^[\p{L}\p{M}\p{N}._~+-]+$/u

/** What cannot be seen. */
const invisible = /\p{Default_Ignorable_Code_Point}/u

/** The scripts whose letters look like one another's. */
const lookalikes = [/\p{Script=Latin}/u, /\p{Script=Cyrillic}/u, /\p{Script=Greek}/u, /\p{Script=Armenian}/u]

/** Scripts that are written from right to left: mixed with others, a name reads differently than it is stored. */
const rightToLeft = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u

/**
 * Whether a text can be a username: letters and digits without compatibility forms, in NFC (RFC 8265 3.3, the
 * identifier class of RFC 8264), and from one script where scripts can be mistaken (UTS 39 5.2). Spaces, invisible
 * characters and an `@` are out: no username looks like another one, or like an email.
 */
export function isUsername (text: string): boolean {
  if (!text.isWellFormed() || !characters.test(text) || invisible.test(text) || text !== text.normalize('NFKC')) {
    return false
  }
  const scripts = [...lookalikes, rightToLeft].filter(script => script.test(text))
  return scripts.length <= 1
}
