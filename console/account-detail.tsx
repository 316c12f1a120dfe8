import { useState } from 'preact/hooks'
import type { Api, Schemas } from './api.js'
import { Failure, Table, Time, useLoaded } from './loading.js'

interface Shown {
  account: Schemas['Account']
  sessions: Schemas['Session'][]
  history: Schemas['AuditRecord'][]
}

/** Everything about an account that support asks for, read together. */
async function read (api: Api, id: string): Promise<Shown> {
  const [{ account }, { items: sessions }, { items: history }] = await Promise.all([
    api.get<Pick<Shown, 'account'>>(`/accounts/${id}`),
    api.get<{ items: Shown['sessions'] }>(`/accounts/${id}/sessions`),
    api.get<{ items: Shown['history'] }>(`/audit?account=${id}&limit=50`)
  ])
  return { account, sessions, history }
}

/** An account with its sessions and its history, and what an operator can do about it. */
export function AccountDetail ({ api, id, onBack }: { api: Api, id: string, onBack: () => void }) {
  const { data, failure, reload } = useLoaded(() => read(api, id), id)
  const [said, setSaid] = useState<string | null>(null)
  const [refusal, setRefusal] = useState<string | null>(null)

  function act (done: string, request: () => Promise<unknown>): void {
    request().then(() => { setSaid(done); setRefusal(null); reload() }, (error: unknown) => {
      setSaid(null)
      setRefusal((error as Error).message)
    })
  }

  if (data === null) return <Failure text={failure} />
  const { account, sessions, history } = data
  const post = (action: string) => () => api.post(`/accounts/${id}/${action}`)
  return (
    <>
      <button type='button' onClick={onBack}>Back to the list</button>
      <h2>{account.email}</h2>
      <dl>
        <dt>Id</dt><dd>{account.id}</dd>
        <dt>Name</dt><dd>{account.name ?? '–'}</dd>
        <dt>Username</dt><dd>{account.username ?? '–'}</dd>
        <dt>Address confirmed</dt><dd>{account.emailVerified ? 'yes' : 'no'}</dd>
        <dt>Status</dt><dd>{account.status}</dd>
        <dt>Made</dt><dd><Time at={account.createdAt} /></dd>
      </dl>
      <div class='actions'>
        <button type='button' onClick={() => act('All sessions have ended.', post('end-sessions'))}>
          End all sessions
        </button>
        <button type='button' onClick={() => act('The mail is on its way.', post('send-reset'))}>
          Send a mail for a new password
        </button>
        {account.status === 'disabled'
          ? <button type='button' onClick={() => act('The account is enabled.', post('enable'))}>Enable</button>
          : <button type='button' onClick={() => act('The account is disabled.', post('disable'))}>Disable</button>}
      </div>
      <p role='status'>{said}</p>
      <Failure text={refusal ?? failure} />
      <h2>Sessions</h2>
      <Table
        head={['Device', 'Contract', 'Address', 'Last seen', '']} none='There is no live session.'
        rows={sessions.map(session => [
          session.device ?? session.userAgent ?? 'unknown', session.contract, session.address ?? '',
          <Time key='seen' at={session.lastSeenAt} />,
          <button
            key='end' type='button' aria-label={`End the session on ${session.device ?? 'unknown'}`}
            onClick={() => act('The session has ended.', () => api.delete(`/accounts/${id}/sessions/${session.id}`))}
          >
            End
          </button>
        ])}
      />
      <h2>History</h2>
      <Table
        head={['When', 'What', 'By', 'From', 'Why']} none='Nothing is on record.' rows={history.map(record => [
          <Time key='at' at={record.at} />, record.event, record.actor, record.address ?? '',
          record.details?.reason ?? ''
        ])}
      />
    </>
  )
}
