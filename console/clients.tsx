import type { Api, Schemas } from './api.js'
import { Failure, Table, Time, useLoaded } from './loading.js'

/** The clients of partners and operators. They are made and changed by command or by the API. */
export function Clients ({ api }: { api: Api }) {
  const { data, failure } = useLoaded(() => api.get<{ items: Schemas['Client'][] }>('/clients'), '')
  return (
    <>
      <h2>Clients</h2>
      <Failure text={failure} />
      {data === null
        ? null
        : <Table
            head={['Name', 'Id', 'Audience', 'Scopes', 'Made']} none='There is no client.'
            rows={data.items.map(client => [
              client.name, client.id, client.audience, client.scopes.join(' '),
              <Time key='made' at={client.createdAt} />
            ])}
          />}
    </>
  )
}
