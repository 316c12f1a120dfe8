import { useState } from 'preact/hooks'
import { AccountSearch } from './account-search.js'
import { createApi, type Api } from './api.js'
import { Clients } from './clients.js'
import { Keys } from './keys.js'
import { Live } from './live.js'
import { SignIn } from './sign-in.js'

const views = { Accounts: AccountSearch, Clients, Keys, Live }

type View = keyof typeof views

/** The console: signed out, or one of its views. */
export function App () {
  const [api, setApi] = useState<Api | null>(null)
  const [view, setView] = useState<View>('Accounts')
  if (api === null) return <SignIn onToken={token => setApi(() => createApi(token))} />
  const Shown = views[view]
  return (
    <>
      <header>
        <h1>Keyturn</h1>
        <nav aria-label='Views'>
          {(Object.keys(views) as View[]).map(name =>
            <button
              key={name} type='button' aria-current={name === view ? 'page' : undefined}
              onClick={() => setView(name)}
            >{name}
            </button>)}
        </nav>
        <button type='button' onClick={() => setApi(null)}>Sign out</button>
      </header>
      <main><Shown api={api} /></main>
    </>
  )
}
