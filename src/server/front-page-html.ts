import { createHash } from 'node:crypto'
import type { FrontPage, Listening } from './front-page.js'
import { iconPath } from './plugins/swagger-ui.js'

const style = `
  :root { color-scheme: light dark; font: 16px/1.6 system-ui, sans-serif }
  body { max-width: 42rem; margin: 4rem auto; padding: 0 1.5rem }
  h1 small { font-weight: normal; font-size: 1rem; opacity: .6 }
  h2 { font-size: 1rem; margin: 2rem 0 .25rem }
  dl { margin: 0; display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.5rem }
  dt { font-family: ui-monospace, monospace }
  dd { margin: 0 }
`

/** No script, no frame, no file but the icon, and no style but the page's own. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join('; ')

const linkTexts: Record<string, string> = {
  documentation: 'Documentation, to read and to try out',
  openapi: 'OpenAPI document',
  liveness: 'Is the process alive',
  readiness: 'Can it answer requests',
  metrics: 'Metrics'
}

/** A file of the documentation. */
const icon = `<link rel="icon" type="image/svg+xml" href="${iconPath}">\n`

/** The page, as HTML without scripts. */
export function toHtml ({ name, version, contracts, links, listeners = [] }: FrontPage): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${name}</title>
${links.documentation === undefined ? '' : icon}<style>${style}</style>
</head>
<body>
<h1>${name} <small>${escape(version)}</small></h1>
<p>A self-hosted authentication API.</p>
${section('Served here', contracts.map(contract => [escape(contract.name), escape(contract.description)]))}
${section('Links', Object.entries(links).map(([link, url]) => [anchor(url), linkTexts[link] ?? escape(link)]))}
${section('Served elsewhere', listeners.map(elsewhere))}
</body>
</html>
`
}

function elsewhere ({ url, contracts }: Listening): [term: string, description: string] {
  return [anchor(url), escape(contracts.join(', '))]
}

function section (title: string, rows: Array<[term: string, description: string]>): string {
  if (rows.length === 0) return ''
  return `<h2>${title}</h2>\n<dl>\n${rows.map(([term, text]) => `<dt>${term}</dt><dd>${text}</dd>`).join('\n')}\n</dl>`
}

function anchor (url: string): string {
  return `<a href="${escape(url)}">${escape(url)}</a>`
}

function escape (text: string): string {
  return text.replaceAll(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}
