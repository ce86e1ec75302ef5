/** The grammar of a `value` path: every way in which a path can be read (semantics §4). */

import type { Reading } from './reading.ts'

const ATTRIBUTES = ['organization_user_id', 'country', 'updated_at'] as const

/** Is this text a path at all? Everything else is a bare id. */
export function isPath(text: string): boolean {
  return /^(?:consents|user)_/.test(text)
}

/**
 * Every reading that the grammar allows, known ids or not; none where the text is no path of the grammar. Ids may hold
 * `_`, so a path is never split blindly: all splits are listed and the known ids decide.
 */
export function pathReadings(text: string): Reading[] {
  return /^(?:consents|user)__/.test(text) ? separated(text, '__') : separated(text, '_')
}

function separated(text: string, separator: string): Reading[] {
  const attribute = attributeReading(text, separator)
  if (attribute !== undefined) return [attribute]
  const body = between(text, `consents${separator}`, '')
  if (body === undefined) return []
  return [
    ...underPurposes(body, separator),
    ...preferencesAnywhere(body, separator),
    ...inside(body, `channels${separator}`, `${separator}enabled`).map(
      (channel): Reading => ({ kind: 'key', key: { kind: 'channel', channel } }),
    ),
  ]
}

function attributeReading(text: string, separator: string): Reading | undefined {
  const name = between(text, `user${separator}`, '')
  if (name === undefined) return undefined
  const metadata = between(name, `metadata${separator}`, '')
  if (metadata !== undefined) return { kind: 'attribute', name: `metadata/${metadata}` }
  return ATTRIBUTES.some((known) => known === name) ? { kind: 'attribute', name } : undefined
}

function underPurposes(body: string, separator: string): Reading[] {
  const rest = between(body, `purposes${separator}`, '')
  if (rest === undefined) return []
  const readings: Reading[] = []
  for (const purpose of inside(rest, '', `${separator}enabled`))
    readings.push({ kind: 'key', key: { kind: 'purpose', purpose } })
  for (const purpose of inside(rest, '', `${separator}enabled_li`))
    readings.push({ kind: 'key', key: { kind: 'purpose-li', purpose } })
  for (const [purpose, tail] of splits(rest, `${separator}preferences${separator}`)) {
    for (const preference of inside(tail, '', `${separator}enabled`)) {
      readings.push({ kind: 'key', key: { kind: 'preference', purpose, preference } })
    }
  }
  for (const [purpose, tail] of splits(rest, `${separator}values${separator}`)) {
    for (const preference of inside(tail, '', `${separator}value`)) {
      readings.push({ kind: 'key', key: { kind: 'set', purpose, preference } })
    }
    for (const [preference, value] of splits(tail, separator)) {
      readings.push({ kind: 'key', key: { kind: 'value', purpose, preference, value } })
    }
  }
  for (const [purpose, tail] of splits(rest, `${separator}channels${separator}`)) {
    for (const channel of inside(tail, '', `${separator}enabled`)) {
      readings.push({ kind: 'key', key: { kind: 'purpose-channel', purpose, channel } })
    }
  }
  return readings
}

function preferencesAnywhere(body: string, separator: string): Reading[] {
  return [
    ...inside(body, `preferences${separator}`, `${separator}enabled`).map(
      (preference): Reading => ({ kind: 'preference-anywhere', form: 'preference', preference }),
    ),
    ...inside(body, `preferences${separator}`, `${separator}value`).map(
      (preference): Reading => ({ kind: 'preference-anywhere', form: 'set', preference }),
    ),
  ]
}

/** The text between a prefix and a suffix, if it has both and something between. */
function between(text: string, prefix: string, suffix: string): string | undefined {
  if (!text.startsWith(prefix) || !text.endsWith(suffix)) return undefined
  const inner = text.slice(prefix.length, text.length - suffix.length)
  return inner === '' || prefix.length + suffix.length > text.length ? undefined : inner
}

const inside = (text: string, prefix: string, suffix: string): string[] => {
  const inner = between(text, prefix, suffix)
  return inner === undefined ? [] : [inner]
}

/** Every way to cut a text in two non-empty parts at a separator. */
function splits(text: string, separator: string): [string, string][] {
  const found: [string, string][] = []
  for (let at = text.indexOf(separator, 1); at !== -1; at = text.indexOf(separator, at + 1)) {
    const tail = text.slice(at + separator.length)
    if (tail !== '') found.push([text.slice(0, at), tail])
  }
  return found
}
