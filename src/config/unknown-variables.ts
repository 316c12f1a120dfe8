import { closest, distance } from 'fastest-levenshtein'
import { variables, type Environment } from './environment.js'
import { fileVariables } from './secret-variables.js'

const names = [...Object.keys(variables), ...fileVariables]

/** Prefixes of Keyturn's variables that other programs do not use. */
const prefixes = ['KEYTURN_', ...names.flatMap(name => /^[A-Z]+_[A-Z]+_/.exec(name) ?? [])]

/** With more than one wrong letter in so many, a name is another program's, not a misspelt one. */
const lettersPerTypo = 4

/** A line for each variable that looks like one of Keyturn's but is not, with the nearest name. */
export function unknownVariables (env: Environment): string[] {
  return Object.keys(env)
    .filter(name => !names.includes(name))
    .map(name => ({ name, nearest: closest(name, names) }))
    .filter(({ name, nearest }) => prefixes.some(prefix => name.startsWith(prefix)) ||
      distance(name, nearest) <= Math.floor(name.length / lettersPerTypo) - 1)
    .map(({ name, nearest }) => `${name} is not a setting of Keyturn and is ignored; did you mean ${nearest}?`)
}
