import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { contractNames } from '../contracts/names.js'
import { print } from './output.js'

const committed = fileURLToPath(new URL('../../openapi/', import.meta.url))

/** `keyturn openapi`: writes openapi/<contract>.json from the routes, or checks that the files still say the same. */
export function openapiCommand (folder = committed): Command {
  return new Command('openapi').description('write the OpenAPI documents of all contracts')
    .option('--check', 'write nothing; fail if a file differs')
    .action(async ({ check = false }: { check?: boolean }, command: Command) => {
      const { describeContract } = await import('../server/openapi.js')
      await mkdir(folder, { recursive: true })
      const stale: string[] = []
      for (const name of contractNames) {
        const path = `${folder}${name}.json`
        const text = `${JSON.stringify(await describeContract(name), null, 2)}\n`
        if (!check) await writeFile(path, text)
        else if (await readFile(path, 'utf8').catch(() => '') !== text) stale.push(`openapi/${name}.json`)
      }
      if (stale.length > 0) command.error(`error: out of date, run "npm run openapi": ${stale.join(', ')}`)
      print(check ? 'openapi documents are up to date' : `wrote ${contractNames.length} documents to openapi/`)
    })
}
