/** The query string and the preferences of a request, with everything unknown refused. */
import { badRequest, badSyntax, notUnderstood } from './api-error.ts'

const KNOWN = new Set([
  '$select',
  '$filter',
  '$orderby',
  '$top',
  '$count',
  '$expand',
  '$skiptoken',
  '$deltatoken',
  'tag',
])

/** Decoded options by name; parameter aliases (`@p1`) are among them. A `+` is a blank, as in every query string. */
export function parseQuery(query: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const pair of query.split('&')) {
    if (pair === '') continue
    const at = pair.indexOf('=')
    const name = decode(at === -1 ? pair : pair.slice(0, at))
    if (name === '$skip') throw badRequest("Skip clause is not supported in CRM, but specified in URI '$skip'.")
    if (!name.startsWith('@') && !KNOWN.has(name)) throw notUnderstood(`the query option '${name}'`)
    if (found.has(name))
      throw badRequest(`Query option '${name}' was specified more than once, but it must be specified at most once.`)
    found.set(name, at === -1 ? '' : decode(pair.slice(at + 1)))
  }
  return found
}

/** Percent-decodes; what cannot be decoded is a syntax error. */
export function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw badSyntax('Error in query syntax.')
  }
}

/** Refuses options that make no sense for this resource. */
export function allowOnly(options: ReadonlyMap<string, string>, names: readonly string[], where: string): void {
  for (const name of options.keys()) {
    if (!name.startsWith('@') && name !== 'tag' && !names.includes(name)) {
      throw notUnderstood(`the query option '${name}' on ${where}`)
    }
  }
}

/** The preferences that a request stated. */
export interface Preferences {
  readonly maxPageSize: number | undefined
  readonly trackChanges: boolean
  readonly representation: boolean
  readonly continueOnError: boolean
  /** `*` or a list of annotation names; undefined: none asked for. */
  readonly annotations: string | undefined
}

/** Reads `Prefer`; an unknown preference is refused, so that a misspelt one cannot pass unnoticed. */
export function parsePreferences(header: string | undefined): Preferences {
  const stated = new Map<string, string>()
  const pattern = /\s*([^=,;\s]+)(?:\s*=\s*("[^"]*"|[^,;\s]*))?\s*(?:[,;]|$)/g
  for (const match of (header ?? '').matchAll(pattern)) {
    stated.set((match[1] ?? '').toLowerCase(), (match[2] ?? '').replace(/^"|"$/g, ''))
  }
  let maxPageSize: number | undefined
  let annotations: string | undefined
  for (const [name, value] of stated) {
    if (name === 'odata.maxpagesize' && /^[1-9]\d*$/.test(value)) maxPageSize = Number(value)
    else if (name === 'odata.include-annotations') annotations = value
    else if (name === 'return' && (value === 'representation' || value === 'minimal')) continue
    else if (name !== 'odata.track-changes' && name !== 'odata.continue-on-error') {
      throw notUnderstood(`the preference '${name}'`)
    }
  }
  return {
    maxPageSize,
    annotations,
    trackChanges: stated.has('odata.track-changes'),
    representation: stated.get('return') === 'representation',
    continueOnError: stated.has('odata.continue-on-error'),
  }
}

/** Splits a list at commas that stand outside parentheses and quotes. */
export function splitList(text: string, separator = ','): string[] {
  const items: string[] = []
  let depth = 0
  let quoted = false
  let start = 0
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === "'") quoted = !quoted
    else if (quoted) continue
    else if (char === '(') depth++
    else if (char === ')') depth--
    else if (char === separator && depth === 0) {
      items.push(text.slice(start, at).trim())
      start = at + 1
    }
  }
  items.push(text.slice(start).trim())
  return items.filter((item) => item !== '')
}
