import { readFile, writeFile, copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { build } from '../support/build.js'
import { send } from '../support/http.js'
import { signedUp } from '../support/people.js'
import { noPrometheus, promtool, startPrometheus } from '../support/prometheus.js'
import { until } from '../support/until.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const rules = `${root}deploy/prometheus`
const read = (path: string) => readFile(`${root}${path}`, 'utf8')

interface Dashboard {
  panels: Array<{ title: string, targets?: Array<{ expr: string }> }>
}

const dashboard = async () => JSON.parse(await read('deploy/grafana/keyturn.json')) as Dashboard

/** The expressions of the dashboard, with what Grafana puts into them. */
const expressions = async () => (await dashboard()).panels.flatMap(({ targets = [] }) => targets)
  .map(({ expr }) => expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*'))

const metricNames = (text: string) => new Set(text.match(/\b(?:keyturn|process|nodejs)_[a-z_\d]+/g))

t.test('alert rules and dashboard use metrics that there are, and the guide has each of them', async t => {
  const { ops } = await build(t)
  const { text } = await send(`${ops}/metrics`)
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)]
  const there = new Set(types.flatMap(([, name = '', type]) =>
    type === 'histogram' ? [name, `${name}_bucket`, `${name}_count`, `${name}_sum`] : [name]))
  const alerts = await read('deploy/prometheus/alerts.yml')
  for (const [where, used] of [['alerts', alerts], ['dashboard', (await expressions()).join('\n')]] as const) {
    const names = metricNames(used)
    t.ok(names.size > 10, where)
    for (const name of names) t.ok(there.has(name), `${where}: ${name}`)
  }
  const guide = await read('docs/monitoring.md')
  for (const [, name = ''] of types) if (name.startsWith('keyturn_')) t.match(guide, `\`${name}`, name)
  for (const name of metricNames(guide)) t.ok(there.has(name) || name.endsWith('_'), `the guide: ${name}`)
  for (const [, alert = ''] of alerts.matchAll(/alert: (\S+)/g)) t.match(guide, `| \`${alert}\` |`, alert)
})

t.test('promtool accepts rules, configuration and metrics, and each alert fires when it should', {
  skip: noPrometheus
}, async t => {
  await promtool(['check', 'rules', 'alerts.yml'], rules)
  await promtool(['check', 'config', 'prometheus.yml'], rules)
  await promtool(['test', 'rules', 'alerts.test.yml'], rules)
  const folder = t.testdir({})
  const recorded = (await expressions()).map((expr, n) => ({ record: `panel:${n}`, expr }))
  t.ok(recorded.length > 20)
  await writeFile(join(folder, 'panels.yml'), JSON.stringify({ groups: [{ name: 'panels', rules: recorded }] }))
  await promtool(['check', 'rules', 'panels.yml'], folder)
})

t.test('a Prometheus with the configuration of the guide reads the metrics and the rules', {
  skip: noPrometheus
}, async t => {
  const { api, ops } = await build(t)
  await signedUp(api)
  const folder = t.testdir({})
  const shipped = await read('deploy/prometheus/prometheus.yml')
  const config = join(folder, 'prometheus.yml')
  await writeFile(config, shipped.replaceAll('127.0.0.1:9000', new URL(ops).host).replaceAll('15s', '1s'))
  await copyFile(`${rules}/alerts.yml`, join(folder, 'alerts.yml'))
  const prometheus = await startPrometheus(t, config)
  const ask = async (query: string): Promise<string[]> => {
    const { body } = await send(`${prometheus}/api/v1/query?query=${encodeURIComponent(query)}`)
    return (body.data.result as Array<{ value: [number, string] }>).map(({ value }) => value[1])
  }
  await until('it has read them', async () => (await ask('keyturn_build_info')).length > 0)
  t.same(await ask('up{job="keyturn"}'), ['1'])
  t.same(await ask('sum(keyturn_sign_ins_total{outcome="succeeded"})'), ['1'])
  const { body } = await send(`${prometheus}/api/v1/rules`)
  t.equal(body.data.groups[0].rules.length, 13)
})
