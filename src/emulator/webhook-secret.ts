/** How a webhook call proves that it comes from the environment: a code, headers or query values. */
import { AUTH_TYPES } from './hook-tables.ts'
import type { Value } from './schema.ts'

/** A name with its value. */
export type Setting = readonly [name: string, value: string]

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** Reads `<settings><setting name="…" value="…"/></settings>`; undefined where the text is nothing of the kind. */
export function parseSettings(xml: string): readonly Setting[] | undefined {
  const inner = /^\s*<settings>(.*)<\/settings>\s*$/s.exec(xml)?.[1]
  if (inner === undefined) return undefined
  const settings: Setting[] = []
  const rest = inner.replace(/<setting\s+([^<>]*?)\s*(?:\/>|>\s*<\/setting>)/g, (_, attributes: string) => {
    const name = attributeOf(attributes, 'name')
    const value = attributeOf(attributes, 'value')
    if (name !== undefined && value !== undefined) settings.push([name, value])
    return name === undefined || value === undefined ? '!' : ''
  })
  return rest.trim() === '' && settings.length > 0 ? settings : undefined
}

function attributeOf(text: string, name: string): string | undefined {
  const raw = new RegExp(`(?:^|\\s)${name}\\s*=\\s*"([^"]*)"`).exec(text)?.[1]
  return raw?.replace(/&(\w+);/g, (entity, word: string) => ENTITIES[word] ?? entity)
}

/**
 * The address and headers of a call, by the endpoint's `authtype` (Dataverse: 4 appends `?code=`, 5 adds headers, 6 adds
 * query values).
 */
export function proveCall(
  url: string,
  authType: Value,
  secret: string | undefined,
): { readonly url: URL; readonly headers: Readonly<Record<string, string>> } {
  const target = new URL(url)
  if (secret === undefined) return { url: target, headers: {} }
  if (authType === AUTH_TYPES.webhookKey) target.searchParams.append('code', secret)
  const settings = parseSettings(secret) ?? []
  if (authType === AUTH_TYPES.httpQueryString)
    for (const [name, value] of settings) target.searchParams.append(name, value)
  return { url: target, headers: authType === AUTH_TYPES.httpHeader ? Object.fromEntries(settings) : {} }
}
