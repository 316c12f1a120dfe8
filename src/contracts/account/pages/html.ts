import { messages, noBrowserSession, noScript, pageTexts, type PageName } from './texts.js'

/** Where the button of a page sends the token to; `null` where it cannot do anything. */
export type Action = string | null

/** Its own script and style, and requests to its own origin; it is shown in no frame. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join('; ')

const passwordField = `
<p><label for="password">New password</label>
<input id="password" name="newPassword" type="password" autocomplete="new-password" minlength="8" required></p>`

/** A page. Opening it does nothing: only its button sends what follows `#token=`. */
export function toPage (name: PageName, action: Action): string {
  const { title, lead, button, done } = pageTexts[name]
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<link rel="stylesheet" href="/account/page.css">
<script src="/account/page.js" defer></script>
</head>
<body>
<main>
<h1>${title}</h1>
${action === null ? `<p>${noBrowserSession}</p>` : form(action)}
<p id="result" role="status" tabindex="-1"></p>
</main>
<noscript><p>${noScript}</p></noscript>
</body>
</html>
`

  function form (path: string): string {
    const texts = JSON.stringify({ ...messages, done }).replaceAll('"', '&quot;')
    return `<form data-action="${path}" data-messages="${texts}">
<p>${lead}</p>${name === 'reset' ? passwordField : ''}
<p><button>${button}</button></p>
</form>`
  }
}
