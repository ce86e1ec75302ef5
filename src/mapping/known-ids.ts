/** The ids that Didomi is known to use: every id ever ingested, and those of the catalogue (semantics §4). */

import { type ChoiceText, parseSet } from '../consent/choice.ts'
import { type Key, type KeyText, keyText, parseKey } from '../consent/key.ts'
import { parseState } from '../consent/state.ts'

/** Answers which purposes, preferences, values and channels exist. Grows only. */
export interface KnownIds {
  purpose(purpose: string): boolean
  /** Has the purpose this preference, in either generation? */
  preference(purpose: string, preference: string): boolean
  value(purpose: string, preference: string, value: string): boolean
  channel(channel: string): boolean
  purposeChannel(purpose: string, channel: string): boolean
  /** Purposes that have this preference, in order. */
  purposesOf(preference: string): readonly string[]
  /** Purposes that have this preference in the v1 form, in order. */
  purposesOfV1(preference: string): readonly string[]
  /** Preferences that have this value, as `value` keys, in order. */
  placesOf(value: string): ReadonlyArray<Key & { kind: 'value' }>
}

/** The catalogue of the configuration as keys. A preference of the catalogue may be of either generation. */
export function catalogueKeys(catalogue: {
  readonly purposes: ReadonlyArray<{
    readonly id: string
    readonly preferences: ReadonlyArray<{ readonly id: string; readonly values: readonly string[] }>
    readonly channels: readonly string[]
  }>
  readonly channels: readonly string[]
}): KeyText[] {
  const keys: Key[] = catalogue.channels.map((channel) => ({ kind: 'channel', channel }))
  for (const { id: purpose, preferences, channels } of catalogue.purposes) {
    keys.push({ kind: 'purpose', purpose })
    keys.push(...channels.map((channel): Key => ({ kind: 'purpose-channel', purpose, channel })))
    for (const { id: preference, values } of preferences) {
      keys.push({ kind: values.length > 0 ? 'set' : 'preference', purpose, preference })
      keys.push(...values.map((value): Key => ({ kind: 'value', purpose, preference, value })))
    }
  }
  return keys.map(keyText)
}

/** The keys that stating a key makes known: itself and the purpose above it; none for a text that is no key. */
export function keysOf(text: KeyText): KeyText[] {
  const key = parseKey(text)
  if (key === undefined) return []
  return key.kind === 'channel' ? [text] : [text, keyText({ kind: 'purpose', purpose: key.purpose })]
}

/** The keys of the values that a choice of a set key holds; none for any other key. */
export function valueKeysOf(text: KeyText, choice: ChoiceText): KeyText[] {
  const key = parseKey(text)
  return key?.kind === 'set' ? parseSet(choice).map((value) => keyText({ ...key, kind: 'value', value })) : []
}

/** The keys that a state's text makes known: those it states, the purposes above them and the values its sets hold. */
export function keysMadeKnown(state: string): Set<KeyText> {
  const { said, events } = parseState(state)
  const known = new Set<KeyText>()
  for (const [text, byChoice] of [...said, ...events]) {
    known.add(text)
    for (const key of keysOf(text)) known.add(key)
    if (!text.startsWith('set/')) continue
    for (const choice of byChoice.keys()) for (const key of valueKeysOf(text, choice)) known.add(key)
  }
  return known
}

/** Reads known ids from their keys. */
export function knownIds(texts: Iterable<KeyText>): KnownIds {
  const known = new Set<KeyText>(texts)
  const keys = [...known].sort().flatMap((text) => parseKey(text) ?? [])
  const preferences = keys.filter((key) => key.kind === 'preference' || key.kind === 'set')
  const values = keys.filter((key) => key.kind === 'value')
  const has = (key: Key) => known.has(keyText(key))
  const purposesWith = (kinds: readonly Key['kind'][], preference: string) => [
    ...new Set(
      preferences.filter((key) => kinds.includes(key.kind) && key.preference === preference).map((key) => key.purpose),
    ),
  ]
  return {
    purpose: (purpose) => has({ kind: 'purpose', purpose }),
    preference: (purpose, preference) =>
      has({ kind: 'preference', purpose, preference }) || has({ kind: 'set', purpose, preference }),
    value: (purpose, preference, value) => has({ kind: 'value', purpose, preference, value }),
    channel: (channel) => has({ kind: 'channel', channel }),
    purposeChannel: (purpose, channel) => has({ kind: 'purpose-channel', purpose, channel }),
    purposesOf: (preference) => purposesWith(['preference', 'set'], preference).sort(),
    purposesOfV1: (preference) => purposesWith(['preference'], preference),
    placesOf: (value) => values.filter((key) => key.value === value),
  }
}
