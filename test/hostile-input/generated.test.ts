import t from 'tap'
import { build } from '../support/build.js'
import { send } from '../support/http.js'
import { hostileRequests, sendAll } from '../support/hostile-requests.js'
import { until } from '../support/until.js'

/** KEYTURN_HOSTILE_REQUESTS=100000 sends more (with --timeout=1500), KEYTURN_HOSTILE_BEGIN others. */
const count = Number(process.env.KEYTURN_HOSTILE_REQUESTS ?? 3_000)
const begin = Number(process.env.KEYTURN_HOSTILE_BEGIN ?? 20_261_128)

/** Milliseconds within which a connection that carries nothing is closed: twice what the server allows. */
const idleMs = 144_000

const openSockets = () => process.getActiveResourcesInfo().filter(name => name === 'TCPSocketWrap').length

t.test('whatever is sent, the reply is in the document, and none is an unhandled error', async t => {
  t.setTimeout(900_000)
  const server = await build(t)
  const before = openSockets()
  const { faults, statuses } = await sendAll(server, hostileRequests(begin, count))
  t.comment(statuses)
  for (const status of [200, 201, 400, 401, 403, 404, 415, 422]) {
    t.ok(Number(statuses[status]) > 0, `${status}: the requests get as far`)
  }
  t.same([...new Set(faults)].slice(0, 20), [], `from ${begin}`)
  t.notMatch(server.log.join(''), /"level":(50|60)/)
  const { text } = await send(`${server.ops}/metrics`)
  const series = text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  t.ok(series.length <= 2_000, `${series.length} series of metrics, whatever was sent`)
  await until('no socket is left but those to the database', () => openSockets() <= before + 10, idleMs)
})
