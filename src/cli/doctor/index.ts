import { Command } from 'commander'
import type { ConfigError, Environment } from '../../config/environment.js'
import { loadSettings, type Settings } from '../../config/settings.js'
import { unknownVariables } from '../../config/unknown-variables.js'
import { contractNames } from '../../contracts/names.js'
import { printRows, type OutputOptions } from '../output.js'
import { bad, good, warning, type Finding } from './finding.js'

/**
 * `keyturn doctor`: looks at settings, files, ports, database and services, changes nothing, and fails when something
 * is wrong.
 * @param now milliseconds since 1970
 */
export function doctorCommand (env: Environment, now: () => number = Date.now): Command {
  return new Command('doctor').description('look for what is wrong, and say what to do; changes nothing')
    .option('--json', 'print JSON')
    .action(async (options: OutputOptions) => {
      const { settings, findings } = readSettings(env)
      if (settings !== null) findings.push(...await examine(env, settings, now))
      printRows(findings.map(finding => ({ ...finding })), options)
      if (findings.some(({ result }) => result === 'bad')) process.exitCode = 1
    })
}

/** Without settings there is nothing else to look at. */
function readSettings (env: Environment): { settings: Settings | null, findings: Finding[] } {
  const findings = unknownVariables(env).map(line => warning('settings', line, null))
  try {
    const settings = loadSettings(env, contractNames)
    findings.push(...settings.risks.map(line => warning('settings', line, null)))
    return { settings, findings }
  } catch (error) {
    const { problems } = error as ConfigError
    findings.push(...problems.map(line => bad('settings', line, 'correct it; the README has every setting')))
    return { settings: null, findings }
  }
}

async function examine (env: Environment, settings: Settings, now: () => number): Promise<Finding[]> {
  // Only now: help, and mistakes in the settings, need none of it.
  const [{ examineFiles }, { examinePorts }, { examineServices }] = await Promise.all([
    import('./files.js'), import('./ports.js'), import('./services.js')
  ])
  const findings = await Promise.all([
    examineFiles(env, settings), examinePorts(settings.listen), examineServices(settings)
  ])
  return [...findings.flat(), ...await examineStorage(settings, now)]
}

async function examineStorage (settings: Settings, now: () => number): Promise<Finding[]> {
  const { url } = settings.database
  if (url === undefined) return [good('database', 'embedded: one process serves at a time')]
  const { examineServers } = await import('./servers.js')
  const { findings, primary } = await examineServers(url)
  if (primary === null) return findings
  const { examineDatabase } = await import('./database.js')
  return [...findings, ...await examineDatabase(primary, { url, settings, now })]
}
