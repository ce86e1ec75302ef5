/** What a `consents` object states, of a user or of an event (semantics §2.6). */

import { type Choice, setOf } from '../consent/choice.ts'
import { type KeyText, keyText } from '../consent/key.ts'
import { asArray, asId, asObject, hasNul, wellFormed } from './json.ts'

/** Each key stated once, with its choice. */
export type Statements = ReadonlyMap<KeyText, Choice>

/** Statements while they are gathered: the same key twice ends as the refusal, two sets as their intersection. */
export class StatementsInTheMaking {
  readonly #choices = new Map<KeyText, Choice>()
  readonly #overruled: KeyText[] = []

  /** States a boolean choice; a refusal wins over what was stated before. */
  add(key: KeyText, choice: boolean): void {
    this.#choices.set(key, choice && this.#choices.get(key) !== false)
  }

  /** States the whole set of a v2 preference, which also overrules the v1 statement of the same preference. */
  addSet(purpose: string, preference: string, items: readonly string[]): void {
    const key = keyText({ kind: 'set', purpose, preference })
    const before = this.#choices.get(key)
    this.#choices.set(key, Array.isArray(before) ? items.filter((item) => before.includes(item)) : items)
    this.#overruled.push(keyText({ kind: 'preference', purpose, preference }))
  }

  /** Ends the gathering: overruled v1 preferences go, in whatever order the two were found. */
  end(): Statements {
    for (const key of this.#overruled) this.#choices.delete(key)
    return this.#choices
  }
}

/** Reads the items of a comma-separated set: trimmed, no empties, no repeats, sorted by code unit. */
export function parseItems(text: string): readonly string[] {
  const items = wellFormed(text)
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '' && !hasNul(item))
  return setOf(items)
}

/**
 * Reads `purposes` and `channels` of a `consents` object. Only JSON booleans are statements; null, missing members,
 * members of another type and ids that are no usable text state nothing. Nothing deeper is looked at.
 */
export function readStatements(consents: unknown): Statements {
  const statements = new StatementsInTheMaking()
  const object = asObject(consents)
  for (const entry of asArray(object?.['purposes'])) readPurpose(entry, statements)
  for (const [channel, enabled] of switches(object?.['channels'])) {
    statements.add(keyText({ kind: 'channel', channel }), enabled)
  }
  return statements.end()
}

function readPurpose(entry: unknown, statements: StatementsInTheMaking): void {
  const object = asObject(entry)
  const purpose = asId(object?.['id'])
  if (object === undefined || purpose === undefined) return
  const { enabled, enabled_li: legitimateInterest, values, preferences, channels } = object
  if (typeof enabled === 'boolean') statements.add(keyText({ kind: 'purpose', purpose }), enabled)
  if (typeof legitimateInterest === 'boolean') {
    statements.add(keyText({ kind: 'purpose-li', purpose }), legitimateInterest)
  }
  for (const [preference, items] of selections(values)) statements.addSet(purpose, preference, items)
  for (const [preference, on] of switches(preferences)) {
    statements.add(keyText({ kind: 'preference', purpose, preference }), on)
  }
  for (const [channel, on] of switches(channels)) {
    statements.add(keyText({ kind: 'purpose-channel', purpose, channel }), on)
  }
}

/** The `{id, enabled}` entries of an array that state something. */
function* switches(entries: unknown): Iterable<readonly [string, boolean]> {
  for (const entry of asArray(entries)) {
    const object = asObject(entry)
    const id = asId(object?.['id'])
    const enabled = object?.['enabled']
    if (id !== undefined && typeof enabled === 'boolean') yield [id, enabled]
  }
}

/** The preferences of a `values` object that state a set; null is the empty set, a missing `value` is silence. */
function* selections(values: unknown): Iterable<readonly [string, readonly string[]]> {
  const object = asObject(values)
  if (object === undefined) return
  for (const [name, entry] of Object.entries(object)) {
    const preference = asId(name)
    const value = asObject(entry)?.['value']
    if (preference === undefined) continue
    if (typeof value === 'string') yield [preference, parseItems(value)]
    else if (value === null) yield [preference, []]
  }
}
