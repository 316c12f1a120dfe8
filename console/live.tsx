import { useEffect, useRef } from 'preact/hooks'
import type { Api, Schemas } from './api.js'
import { Failure, useLoaded } from './loading.js'

type Activity = Schemas['Activity']

const intervalMs = 2_000

/** What a row counts, by its words. */
const rows: Record<string, (activity: Activity) => number> = {
  'Sign-ins that succeeded': activity => activity.signIns.succeeded,
  'Sign-ins refused': activity => activity.signIns.refused,
  'Sign-ins failed': activity => activity.signIns.failed,
  'Refreshes that succeeded': activity => activity.refreshes.succeeded,
  'Refreshes refused': activity => activity.refreshes.refused,
  'Refreshes failed': activity => activity.refreshes.failed,
  'Superseded tokens used': activity => activity.reuseDetected,
  'Sign-ins refused for load': activity => activity.hashingRefused
}

/** What the answering process does: since it began, and a second at present. */
export function Live ({ api }: { api: Api }) {
  const { data, failure, reload } = useLoaded(() => api.get<Activity>('/activity'), '')
  const shown = useRef<Activity | null>(null)
  const before = useRef<Activity | null>(null)
  if (data !== shown.current) [before.current, shown.current] = [shown.current, data]

  useEffect(() => {
    const timer = setInterval(reload, intervalMs)
    return () => clearInterval(timer)
  }, [reload])

  if (data === null) return <Failure text={failure} />
  const earlier = before.current
  const seconds = earlier === null ? 0 : data.uptime - earlier.uptime
  // Another process may have answered before.
  const isSame = earlier?.startedAt === data.startedAt && seconds > 0
  const rate = (count: (activity: Activity) => number) =>
    earlier === null || !isSame ? '' : ((count(data) - count(earlier)) / seconds).toFixed(1)
  return (
    <>
      <h2>Live</h2>
      <p>Of the process that answers, since {new Date(data.startedAt).toLocaleString()}.</p>
      <Failure text={failure} />
      <table>
        <thead>
          <tr>
            <th scope='col'>What</th>
            <th scope='col' class='number'>In all</th>
            <th scope='col' class='number'>A second</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(rows).map(([name, count]) => (
            <tr key={name}><th scope='row'>{name}</th><td class='number'>{count(data)}</td>
              <td class='number'>{rate(count)}</td>
            </tr>))}
          <tr><th scope='row'>Passwords waiting to be hashed</th><td class='number'>{data.hashesQueued}</td><td /></tr>
        </tbody>
      </table>
    </>
  )
}
