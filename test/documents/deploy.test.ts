import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Deployment, type IDeployment } from 'kubernetes-models/apps/v1'
import { PodDisruptionBudget, type IPodDisruptionBudget } from 'kubernetes-models/policy/v1'
import { ConfigMap, Service, type IConfigMap, type IService } from 'kubernetes-models/v1'
import t from 'tap'
import { parse, parseAllDocuments } from 'yaml'
import { loadSettings } from '../../src/config/settings.js'
import { fileVariables } from '../../src/config/secret-variables.js'
import { variables } from '../../src/config/environment.js'
import { contractNames } from '../../src/contracts/index.js'
import { noHaproxy } from '../support/haproxy.js'
import { readDocument } from '../support/matches-openapi.js'
import { noPrometheus, promtool } from '../support/prometheus.js'

const read = (path: string) => readFile(new URL(`../../deploy/${path}`, import.meta.url), 'utf8')

const analyze = '/usr/bin/systemd-analyze'
const knownVariables = new Set<string>([...Object.keys(variables), ...fileVariables])

t.test('the manifest for Kubernetes', async t => {
  const objects = parseAllDocuments(await read('kubernetes/keyturn.yaml')).map(document => document.toJS() as unknown)
  const [config, deployment, service, budget] = objects as [IConfigMap, IDeployment, IService, IPodDisruptionBudget]
  const models = [
    new ConfigMap(config), new Deployment(deployment), new Service(service), new PodDisruptionBudget(budget)
  ] as const

  t.test('has the form that Kubernetes takes', t => {
    t.equal(models.length, objects.length, 'every object is checked')
    for (const [index, model] of models.entries()) {
      t.match(objects[index], { apiVersion: model.apiVersion, kind: model.kind })
      t.doesNotThrow(() => { model.validate() }, model.kind)
    }
    t.end()
  })

  t.test('gives settings that Keyturn takes, and asks routes that it has where they are', t => {
    const [{ data = {} }, { spec: { template: { spec: pod } = {} } = {} }] = models
    const { env = [], ports = [], startupProbe, livenessProbe, readinessProbe } = pod?.containers[0] ?? {}
    const names = [...Object.keys(data), ...env.map(({ name }) => name)]
    t.same(names.filter(name => !knownVariables.has(name)), [])
    const secrets = { DATABASE_URL: 'postgres://keyturn@db/keyturn', KEYTURN_SECRET: 'k'.repeat(32) }
    const { listen } = loadSettings({ ...data, ...secrets }, contractNames)
    t.same(ports.map(({ containerPort }) => containerPort), listen.map(({ port }) => port))
    const opsPort = ports.find(({ name }) => name === 'ops')?.containerPort
    t.same(listen.find(({ port }) => port === opsPort)?.contracts, ['ops'])
    for (const probe of [startupProbe, livenessProbe, readinessProbe]) {
      t.equal(probe?.httpGet?.port, 'ops')
      t.ok(String(probe?.httpGet?.path) in readDocument('ops').paths, String(probe?.httpGet?.path))
    }
    t.end()
  })
})

t.test('the unit of systemd', async t => {
  t.test('sets variables that Keyturn has', async t => {
    const lines = (await read('systemd/keyturn.service')).matchAll(/^Environment=(.+)$/gm)
    const names = [...lines].flatMap(([, assignments = '']) => assignments.split(' ').map(each => each.split('=')[0]))
    t.ok(names.length > 0)
    t.same(names.filter(name => !knownVariables.has(String(name))), [])
  })

  t.test('is one that systemd takes', { skip: existsSync(analyze) ? false : 'no systemd' }, async t => {
    const unit = new URL('../../deploy/systemd/keyturn.service', import.meta.url).pathname
    // It succeeds with directives that it does not understand, too, and says so.
    const { stderr } = await promisify(execFile)(analyze, ['verify', '--man=no', '--recursive-errors=no', unit])
    t.notMatch(stderr, 'keyturn.service')
  })
})

t.test('the compose file of two instances', async t => {
  const folder = new URL('../../deploy/compose/', import.meta.url)
  const { services } = parse(await read('compose/docker-compose.yml'), { merge: true }) as {
    services: Record<string, { environment?: Record<string, string> }>
  }

  t.test('gives settings that Keyturn takes, to the instances that haproxy and Prometheus know', async t => {
    const { environment = {} } = services['keyturn-1'] ?? {}
    t.same(services['keyturn-2']?.environment, environment)
    t.same(Object.keys(environment).filter(name => !knownVariables.has(name)), [])
    const { listen } = loadSettings({
      LISTEN: environment.LISTEN,
      TRUST_PROXY: environment.TRUST_PROXY,
      DATABASE_URL: 'postgres://keyturn@db/keyturn',
      KEYTURN_SECRET: 'k'.repeat(32)
    }, contractNames)
    const [requests, ops] = listen.map(({ port }) => port)
    const proxy = await read('compose/haproxy.cfg')
    const prometheus = await read('compose/prometheus.yml')
    for (const name of ['keyturn-1', 'keyturn-2']) {
      t.match(proxy, `${name}:${requests}`)
      t.match(prometheus, `${name}:${ops}`)
    }
    t.match(proxy, `check port ${ops}`)
  })

  t.test('has configurations that haproxy and Prometheus take', { skip: noHaproxy || noPrometheus }, async t => {
    const execute = promisify(execFile)
    await t.resolves(execute('/usr/sbin/haproxy', ['-c', '-f', new URL('haproxy.cfg', folder).pathname]))
    t.testdir({})
    await copyFile(new URL('prometheus.yml', folder), join(t.testdirName, 'prometheus.yml'))
    await copyFile(new URL('../prometheus/alerts.yml', folder), join(t.testdirName, 'alerts.yml'))
    await t.resolves(promtool(['check', 'config', 'prometheus.yml'], t.testdirName))
  })
})
