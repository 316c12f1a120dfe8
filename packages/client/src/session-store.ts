import type { SessionStorage } from './storage.js'

/** The part of a user that every reply with tokens has. */
export interface SessionUser {
  id: string
}

/** A session as it is stored. */
export interface StoredSession<User extends SessionUser = SessionUser> {
  token: string
  refreshToken: string
  /** Seconds. */
  expiresIn: number
  /** Milliseconds since 1970, by the clock of the device. */
  storedAt: number
  user: User
}

/** The same with the time it was got, in milliseconds of `performance.now()`. */
export interface HeldSession<User extends SessionUser> extends StoredSession<User> {
  heldSince: number
}

export type SessionChange = 'signed-in' | 'refreshed' | 'signed-out'

export interface SessionStoreOptions<User extends SessionUser> {
  storage: SessionStorage
  /** Milliseconds since 1970. */
  now: () => number
  onError: (error: unknown) => void
  onChange: (type: SessionChange, user?: User, reason?: string) => void
}

/**
 * The session in memory, and its copy in a storage that other tabs and processes use too. A text that is not the one
 * last seen there was written by another of them, and is adopted; so what could not be written never counts as theirs.
 */
export function createSessionStore<User extends SessionUser> (options: SessionStoreOptions<User>) {
  const { storage, now, onError, onChange } = options
  let current: HeldSession<User> | null = null
  let seen: string | null = null
  /** Advanced by whatever makes the reply to an earlier refresh worthless. */
  let epoch = 0
  let last: Promise<unknown> = Promise.resolve()

  /** One after another, so that nothing is written between a look and its write. */
  function serially<Result> (work: () => Promise<Result>): Promise<Result> {
    const result = last.then(work)
    last = result.catch(() => {})
    return result
  }

  function hold (session: StoredSession<User>, heldSince: number): void {
    const isSameUser = current?.user.id === session.user.id
    if (!isSameUser) epoch += 1
    current = { ...session, heldSince }
    onChange(isSameUser ? 'refreshed' : 'signed-in', session.user)
  }

  function drop (reason: string): void {
    epoch += 1
    if (current === null) return
    current = null
    onChange('signed-out', undefined, reason)
  }

  /** An age that cannot be is that of a clock which was set; the token is due then. */
  function heldSinceOf ({ storedAt, expiresIn }: StoredSession<User>): number {
    const age = now() - storedAt
    return age >= 0 && age <= expiresIn * 1000 ? performance.now() - age : -Infinity
  }

  /** Adopts what another tab or process has written. @returns whether there was something */
  async function look (): Promise<boolean> {
    let text: string | null
    try {
      text = await storage.get()
    } catch (error) {
      onError(error)
      return false
    }
    if (text === seen) return false
    seen = text
    if (text === null) {
      drop('signed_out')
      return true
    }
    const session = parse<User>(text)
    if (session === null) onError(new Error('what is stored is no session of Keyturn'))
    else hold(session, heldSinceOf(session))
    return session !== null
  }

  async function write (session: StoredSession<User>): Promise<void> {
    const text = JSON.stringify(session)
    try {
      await storage.set(text)
      seen = text
    } catch (error) {
      onError(error)
    }
  }

  async function store (session: StoredSession<User>, heldSince: number, begunIn: number): Promise<void> {
    if (epoch !== begunIn) return
    await write(session)
    // What ended it meanwhile erases it next.
    if (epoch === begunIn) hold(session, heldSince)
  }

  async function erase (): Promise<void> {
    try {
      await storage.remove()
      seen = null
    } catch (error) {
      onError(error)
    }
  }

  return {
    get current () {
      return current
    },
    get epoch () {
      return epoch
    },

    /** Reads the storage. Never rejects. */
    sync: () => serially(look),

    /** Begins a session, stored before anyone gets it; a sign-out meanwhile wins. */
    begin (session: StoredSession<User>): Promise<void> {
      const heldSince = performance.now()
      const begunIn = epoch += 1
      return serially(() => store(session, heldSince, begunIn))
    },

    /** Stores a refreshed session, unless it ended or another one was stored since the refresh began. */
    commit (session: StoredSession<User>, heldSince: number, begunIn: number): Promise<void> {
      return serially(async () => {
        if (!await look()) await store(session, heldSince, begunIn)
      })
    },

    /** Ends the session here at once, and in the storage. */
    end (reason: string): Promise<void> {
      drop(reason)
      return serially(erase)
    }
  }
}

function parse<User extends SessionUser> (text: string): StoredSession<User> | null {
  try {
    const { token, refreshToken, expiresIn, storedAt, user } = JSON.parse(text) as StoredSession<User>
    const isSession = [token, refreshToken, user.id].every(each => typeof each === 'string') &&
      [expiresIn, storedAt].every(each => typeof each === 'number')
    return isSession ? { token, refreshToken, expiresIn, storedAt, user } : null
  } catch {
    return null
  }
}
