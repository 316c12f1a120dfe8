export type { User } from './account-routes.js'
export { createClient, type Client, type ClientOptions, type Session, type SessionEvent } from './client.js'
export { KeyturnError } from './errors.js'
export { memoryStorage, webStorage, type SessionStorage } from './storage.js'
