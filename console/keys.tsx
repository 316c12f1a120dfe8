import { useState } from 'preact/hooks'
import type { Api, Schemas } from './api.js'
import { Failure, Table, Time, useLoaded } from './loading.js'

/** The signing keys, and a button that announces the next one. */
export function Keys ({ api }: { api: Api }) {
  const { data, failure, reload } = useLoaded(() => api.get<{ items: Schemas['SigningKey'][] }>('/keys'), '')
  const [refusal, setRefusal] = useState<string | null>(null)
  const rotate = () => {
    api.post('/keys/rotate').then(() => { setRefusal(null); reload() }, (error: unknown) => {
      setRefusal((error as Error).message)
    })
  }
  return (
    <>
      <h2>Signing keys</h2>
      <p>A new key is published at once and signs in an hour. No token ends.</p>
      <button type='button' onClick={rotate}>Announce the next key</button>
      <Failure text={refusal ?? failure} />
      {data === null
        ? null
        : <Table
            head={['Key', 'Algorithm', 'State', 'Signs from']} none='There is no key.' rows={data.items.map(key => [
              key.kid, key.algorithm, key.state, <Time key='from' at={key.signsFrom} />
            ])}
          />}
    </>
  )
}
