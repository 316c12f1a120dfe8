import { AuthError } from '../../src/core/errors.js'

/** How a verb answered: `granted`, the refusal as `code` or `code/fault`, or what else went wrong. */
export async function outcomeOf (promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'granted'
  } catch (error) {
    if (!(error instanceof AuthError)) return String(error)
    return error.reason === undefined ? error.code : `${error.code}/${error.reason}`
  }
}
