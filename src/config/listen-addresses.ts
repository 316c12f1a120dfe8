/** One address and the contracts served there. */
export interface ListenAddress {
  host: string
  port: number
  contracts: string[]
}

const entryFormat = /^(?:(\[[0-9a-fA-F:.]+\]|[^\s:=]+):)?(\d{1,5})=([a-z]+(?:,[a-z]+)*)$/

/**
 * Reads `LISTEN`: entries `[host:]port=contract,contract` with white space between them. An entry without
 * a host listens on `defaultHost`; an IPv6 host stands in brackets.
 * Returns the addresses and a sentence for every problem found.
 */
export function parseListen (
  text: string, defaultHost: string, knownContracts: readonly string[]
): { addresses: ListenAddress[], problems: string[] } {
  const addresses: ListenAddress[] = []
  const problems: string[] = []
  for (const entry of text.trim().split(/\s+/)) {
    const match = entryFormat.exec(entry)
    const port = Number(match?.[2])
    if (match === null || port > 65_535) {
      problems.push(`"${entry}" is not of the form [host:]port=contract,contract`)
      continue
    }
    const contracts = String(match[3]).split(',')
    for (const contract of contracts) {
      if (!knownContracts.includes(contract)) {
        problems.push(`unknown contract "${contract}" in "${entry}"; known are ${knownContracts.join(', ')}`)
      }
    }
    if (new Set(contracts).size < contracts.length) problems.push(`"${entry}" names a contract twice`)
    const host = (match[1] ?? defaultHost).replace(/^\[|\]$/g, '')
    if (port !== 0 && addresses.some(other => other.port === port && other.host === host)) {
      problems.push(`${host}:${port} is listed twice`)
    }
    addresses.push({ host, port, contracts })
  }
  return { addresses, problems }
}
