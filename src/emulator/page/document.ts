/** The frame around everything the page shows, and the policy that keeps it from doing anything else. */
import { createHash } from 'node:crypto'
import { type Html, html, trusted } from './html.ts'
import { SCRIPT } from './script.ts'
import { STYLE } from './style.ts'

/** One document; `script` says whether it refreshes itself. */
export interface DocumentDraft {
  readonly title: string
  readonly navigation: Html
  readonly main: Html
  readonly script: boolean
}

/** A whole HTML document. */
export function documentText({ title, navigation, main, script }: DocumentDraft): string {
  const refresh = html`<button id="pause" type="button" hidden>Pause refreshing</button>
<p id="status" role="status"></p>`
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${trusted(STYLE)}</style>
</head>
<body>
<a class="skip" href="#main">To the content</a>
<header><h1>${title}</h1>
<nav aria-label="Page">${navigation}</nav>
${script ? refresh : undefined}</header>
<main id="main" tabindex="-1">
${main}
</main>
<footer>An emulator bound to this machine alone, not Dataverse. Looking changes nothing.</footer>
${script ? html`<script>${trusted(SCRIPT)}</script>` : undefined}
</body>
</html>
`
  return page.text
}

function hash(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}

/** One style sheet and one script, both known by their hashes; calls go to this server alone. */
const POLICY = [
  "default-src 'none'",
  `script-src ${hash(SCRIPT)}`,
  `style-src ${hash(STYLE)}`,
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Headers of every document. */
export const DOCUMENT_HEADERS: Readonly<Record<string, string>> = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
}
