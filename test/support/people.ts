import { randomUUID } from 'node:crypto'
import { post } from './http.js'

export interface Person {
  username: string
  email: string
  password: string
}

/** Somebody whom no other test knows. */
export function newPerson (): Person {
  const id = randomUUID()
  return { username: `u-${id}`, email: `${id}@example.com`, password: `password ${id}` }
}

/** Makes an account over HTTP, at a listener with contract `spa`. */
export async function registered (api: string, person = newPerson()): Promise<Person> {
  const { status, text } = await post(`${api}/api/auth/register`, person)
  if (status !== 201) throw new Error(`could not register: ${status} ${text}`)
  return person
}

/** Of a partner's login. */
export interface Tokens {
  token: string
  refreshToken: string
}

/** Signs in over HTTP, at a listener with contract `partner`. */
export async function loggedIn (api: string, { email, password }: Person): Promise<Tokens> {
  const { status, text, body } = await post(`${api}/api/auth/login`, { email, password })
  if (status !== 200) throw new Error(`could not log in: ${status} ${text}`)
  return body.data
}

/** A new account and its first session. */
export async function signedUp (api: string): Promise<Person & Tokens> {
  const person = await registered(api)
  return { ...person, ...await loggedIn(api, person) }
}

/** The same with the access token of a session of contract `session`, which every route takes. */
export async function signedUpToManage (api: string): Promise<Person & Tokens> {
  const person = await signedUp(api)
  const { body } = await post(`${api}/api/auth/sign-in/email`, { email: person.email, password: person.password })
  return { ...person, token: String(body.token) }
}
