/** What a mapping's `value` means once resolved: which keys or which attribute it asks for (semantics §4). */

import { type Key, keyText } from '../consent/key.ts'
import type { KnownIds } from './known-ids.ts'

export type Reading =
  | { readonly kind: 'key'; readonly key: Key }
  /** The preference under whichever purpose has it: as v1 boolean or as whole set. */
  | { readonly kind: 'preference-anywhere'; readonly form: 'preference' | 'set'; readonly preference: string }
  /** The value under whichever preference has it. */
  | { readonly kind: 'value-anywhere'; readonly value: string }
  /** `organization_user_id`, `country`, `updated_at` or `metadata/<k>`. */
  | { readonly kind: 'attribute'; readonly name: string }

/** A reading as text: how it is named to people and frozen in the store. */
export function readingText(reading: Reading): string {
  switch (reading.kind) {
    case 'key':
      return keyText(reading.key)
    case 'preference-anywhere':
      return keyText({ kind: reading.form, purpose: '*', preference: reading.preference })
    case 'value-anywhere':
      return keyText({ kind: 'value', purpose: '*', preference: '*', value: reading.value })
    case 'attribute':
      return `attribute/${reading.name}`
  }
}

/** The places where a reading looks, given what is known; none for attributes. */
export function keysOf(reading: Reading, known: KnownIds): readonly Key[] {
  switch (reading.kind) {
    case 'key':
      return [reading.key]
    case 'preference-anywhere':
      return known
        .purposesOf(reading.preference)
        .map((purpose) => ({ kind: reading.form, purpose, preference: reading.preference }))
    case 'value-anywhere':
      return known.placesOf(reading.value)
    case 'attribute':
      return []
  }
}

/** Does a reading ask for a whole set, for a yes or no, or for an attribute? */
export function readingForm(reading: Reading): 'set' | 'choice' | 'attribute' {
  switch (reading.kind) {
    case 'key':
      return reading.key.kind === 'set' ? 'set' : 'choice'
    case 'preference-anywhere':
      return reading.form === 'set' ? 'set' : 'choice'
    case 'value-anywhere':
      return 'choice'
    case 'attribute':
      return 'attribute'
  }
}

/** Has anything that the reading names ever been seen? A reading never matched is a warning. */
export function isKnown(reading: Reading, known: KnownIds): boolean {
  switch (reading.kind) {
    case 'attribute':
      return true
    case 'preference-anywhere':
    case 'value-anywhere':
      return keysOf(reading, known).length > 0
    case 'key':
      return isKnownKey(reading.key, known)
  }
}

function isKnownKey(key: Key, known: KnownIds): boolean {
  switch (key.kind) {
    case 'purpose':
    case 'purpose-li':
      return known.purpose(key.purpose)
    case 'preference':
    case 'set':
      return known.preference(key.purpose, key.preference)
    case 'value':
      return known.preference(key.purpose, key.preference)
    case 'channel':
      return known.channel(key.channel)
    case 'purpose-channel':
      return known.purposeChannel(key.purpose, key.channel)
  }
}
