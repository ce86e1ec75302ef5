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
  const entity = Object.hasOwn(options.lookup, value) ? options.lookup[value] : undefined
  if (entity !== undefined) return resolved(explicitReading(entity, options.wants, options.li), options.known)
  const paths = isPath(value) ? pathReadings(value) : []
  if (paths.length > 0) return choose(paths, supported(paths, options.known), options)
  const bare = bareReadings(value, options)
  /** The order decides between bare ids, so only the first is a reading; a frozen one stays all the same. */
  if (bare.length > 0) return choose(bare, bare.slice(0, 1), options)
  return { kind: isPath(value) ? 'unparsable' : 'unmatched' }
}

/** The frozen reading, or the only one that known ids support. */
function choose(
  candidates: readonly Reading[],
  matching: readonly Reading[],
  { known, frozen }: { known: KnownIds; frozen: string | undefined },
): Resolution {
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
function supported(candidates: readonly Reading[], known: KnownIds): readonly Reading[] {
  const matching = candidates.filter((reading) => isKnown(reading, known))
  const certain = matching.filter((reading) => {
    if (reading.kind !== 'key' || reading.key.kind !== 'value') return true
    return known.value(reading.key.purpose, reading.key.preference, reading.key.value)
  })
  return certain.length > 0 ? certain : matching
}

/** What a bare id may name, in this order: a purpose, a v2 value, a v1 preference. The lookup came before. */
function bareReadings(id: string, { wants, li, known }: { wants: Wants; li: boolean; known: KnownIds }): Reading[] {
  const readings: Reading[] = []
  if (known.purpose(id)) readings.push(explicitReading({ purpose: id }, wants, li))
  if (known.placesOf(id).length > 0) readings.push({ kind: 'value-anywhere', value: id })
  if (known.purposesOfV1(id).length > 0)
    readings.push({ kind: 'preference-anywhere', form: 'preference', preference: id })
  return readings
}

function explicitReading({ purpose, preference, value }: ExplicitReference, wants: Wants, li: boolean): Reading {
  if (preference === undefined) return { kind: 'key', key: { kind: li ? 'purpose-li' : 'purpose', purpose } }
  if (value !== undefined) return { kind: 'key', key: { kind: 'value', purpose, preference, value } }
  return { kind: 'key', key: { kind: wants === 'set' ? 'set' : 'preference', purpose, preference } }
}
