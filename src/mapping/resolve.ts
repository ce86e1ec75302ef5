/** A mapping's `value` → its one reading, by the known ids and by what was frozen before (semantics §4). */

import type { ExplicitReference } from '../config/settings.ts'
import type { KnownIds } from './known-ids.ts'
import { isPath, pathReadings } from './path.ts'
import { isKnown, type Reading, readingText } from './reading.ts'

/** What the place a reference is written to can hold: decides how an explicit reference without value is read. */
export type Wants = 'choice' | 'set'

export type Resolution =
  | { readonly kind: 'resolved'; readonly reading: Reading; readonly known: boolean; readonly alarm?: string }
  /** Nothing known matches yet: no statement, a warning. */
  | { readonly kind: 'unmatched' }
  | { readonly kind: 'ambiguous'; readonly readings: readonly [string, string, ...string[]] }
  | { readonly kind: 'unparsable' }

/**
 * Resolves one reference. `frozen` is the text of the reading that it once resolved to: that one stays, and a later
 * second reading is an alarm.
 */
export function resolve(
  value: string | ExplicitReference,
  options: {
    readonly wants: Wants
    readonly li: boolean
    readonly known: KnownIds
    readonly lookup: Readonly<Record<string, ExplicitReference>>
    readonly frozen: string | undefined
  },
): Resolution {
  if (typeof value !== 'string') return resolved(explicitReading(value, options.wants, options.li), options.known)
  if (value === '') return { kind: 'unparsable' }
  const candidates = isPath(value) ? pathReadings(value) : bareReadings(value, options)
  if (isPath(value) && candidates.length === 0) {
    const bare = bareReadings(value, options)
    return bare.length === 0 ? { kind: 'unparsable' } : choose(bare, options)
  }
  return choose(candidates, options)
}

function choose(
  candidates: readonly Reading[],
  { known, frozen }: { known: KnownIds; frozen: string | undefined },
): Resolution {
  const matching = preferred(candidates, known)
  const held = frozen === undefined ? undefined : candidates.find((reading) => readingText(reading) === frozen)
  if (held !== undefined) {
    const second = matching.find((reading) => readingText(reading) !== frozen)
    return second === undefined
      ? resolved(held, known)
      : {
          ...resolved(held, known),
          alarm: `${readingText(held)} stays; ${readingText(second)} has become possible too`,
        }
  }
  const [first, second, ...others] = matching
  if (first === undefined) return { kind: 'unmatched' }
  if (second === undefined) return resolved(first, known)
  return { kind: 'ambiguous', readings: [readingText(first), readingText(second), ...others.map(readingText)] }
}

const resolved = (reading: Reading, known: KnownIds) =>
  ({ kind: 'resolved', reading, known: isKnown(reading, known) }) as const

/** The readings that known ids support; an unknown value id counts only where nothing else does (semantics §4). */
function preferred(candidates: readonly Reading[], known: KnownIds): readonly Reading[] {
  const supported = candidates.filter((reading) => isKnown(reading, known))
  const certain = supported.filter((reading) => {
    if (reading.kind !== 'key' || reading.key.kind !== 'value') return true
    return known.value(reading.key.purpose, reading.key.preference, reading.key.value)
  })
  return certain.length > 0 ? certain : supported
}

/** A bare id, in this order: the lookup, a purpose, a v2 value, a v1 preference. The first that fits is the one. */
function bareReadings(
  id: string,
  {
    wants,
    li,
    known,
    lookup,
  }: { wants: Wants; li: boolean; known: KnownIds; lookup: Readonly<Record<string, ExplicitReference>> },
): Reading[] {
  const entity = Object.hasOwn(lookup, id) ? lookup[id] : undefined
  if (entity !== undefined) return [explicitReading(entity, wants, li)]
  if (known.purpose(id)) return [explicitReading({ purpose: id }, wants, li)]
  if (known.placesOf(id).length > 0) return [{ kind: 'value-anywhere', value: id }]
  if (known.purposesOfV1(id).length > 0) return [{ kind: 'preference-anywhere', form: 'preference', preference: id }]
  return []
}

function explicitReading({ purpose, preference, value }: ExplicitReference, wants: Wants, li: boolean): Reading {
  if (preference === undefined) return { kind: 'key', key: { kind: li ? 'purpose-li' : 'purpose', purpose } }
  if (value !== undefined) return { kind: 'key', key: { kind: 'value', purpose, preference, value } }
  return { kind: 'key', key: { kind: wants === 'set' ? 'set' : 'preference', purpose, preference } }
}
