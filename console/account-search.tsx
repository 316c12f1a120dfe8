import { useState } from 'preact/hooks'
import type { Api, Schemas } from './api.js'
import { AccountDetail } from './account-detail.js'
import { Failure, Table, Time, useLoaded } from './loading.js'

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i

/** What is looked for by what was typed: an id, the beginning of an email, or a username. */
export function queryOf (text: string): string {
  if (text === '') return ''
  if (uuid.test(text)) return `?id=${text}`
  return text.startsWith('@') ? `?username=${encodeURIComponent(text.slice(1))}` : `?prefix=${encodeURIComponent(text)}`
}

/** Finds accounts, and shows the one that is chosen. */
export function AccountSearch ({ api }: { api: Api }) {
  const [text, setText] = useState('')
  const [chosen, setChosen] = useState<string | null>(null)
  const { data, failure } = useLoaded(() => api.get<{ items: Schemas['Account'][] }>(`/accounts${queryOf(text)}`), text)
  if (chosen !== null) return <AccountDetail api={api} id={chosen} onBack={() => setChosen(null)} />
  return (
    <>
      <h2>Accounts</h2>
      <form
        role='search' onSubmit={event => {
          event.preventDefault()
          setText(String(new FormData(event.currentTarget as HTMLFormElement).get('text')).trim())
        }}
      >
        <label for='text'>Beginning of an email, an id, or @username</label><br />
        <input id='text' name='text' size={40} defaultValue={text} /> <button>Find</button>
      </form>
      <Failure text={failure} />
      {data === null
        ? null
        : <Table
            head={['Email', 'Name', 'Status', 'Made']} none='No account is found.' rows={data.items.map(account => [
              <button key={account.id} type='button' onClick={() => setChosen(account.id)}>{account.email}</button>,
              account.name ?? account.username ?? '', account.status, <Time key='made' at={account.createdAt} />
            ])}
          />}
    </>
  )
}
