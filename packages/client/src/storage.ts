type Awaitable<Value> = Value | Promise<Value>

/** Where a session is kept between starts: one text. What is stored is as good as a password for its lifetime. */
export interface SessionStorage {
  get: () => Awaitable<string | null>
  set: (value: string) => Awaitable<void>
  remove: () => Awaitable<void>
  /** Calls the listener when another tab or process changed it; returns what ends that. Reading alone does, too. */
  subscribe?: (listener: () => void) => () => void
}

/** For as long as the process or page lives. */
export function memoryStorage (): SessionStorage {
  let kept: string | null = null
  return {
    get: () => kept,
    set: value => { kept = value },
    remove: () => { kept = null }
  }
}

interface StorageArea {
  getItem: (key: string) => string | null
  setItem: (key: string, value: string) => void
  removeItem: (key: string) => void
}

const defaultKey = 'keyturn'

/** A browser's `localStorage`, shared by all tabs of the origin, or `sessionStorage`. */
export function webStorage (area: StorageArea, key = defaultKey): SessionStorage {
  return {
    get: () => area.getItem(key),
    set: value => area.setItem(key, value),
    remove: () => area.removeItem(key),
    subscribe (listener) {
      const onStorage = (event: StorageEvent) => {
        // Without a key, everything was cleared.
        if (event.storageArea === area && (event.key === key || event.key === null)) listener()
      }
      globalThis.addEventListener?.('storage', onStorage)
      return () => globalThis.removeEventListener?.('storage', onStorage)
    }
  }
}
