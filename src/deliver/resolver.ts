/** References of a mapping become readings; complaints and warnings are gathered on the way (semantics §4). */

import type { MappingEntry, Settings } from '../config/settings.ts'
import type { Key } from '../consent/key.ts'
import { canonicalJson } from '../consent/state.ts'
import type { Complaint } from '../lib/errors.ts'
import type { KnownIds } from '../mapping/known-ids.ts'
import { pathReadings } from '../mapping/path.ts'
import { keysOf, type Reading, readingForm, readingText } from '../mapping/reading.ts'
import { resolve, type Wants } from '../mapping/resolve.ts'

/** Resolves references and gathers complaints, warnings and fresh readings on the way. */
export class Resolver {
  readonly complaints: Complaint[] = []
  readonly warnings: string[] = []
  readonly fresh = new Map<string, string>()
  readonly answered: Key[] = []
  readonly #known: KnownIds
  readonly #lookup: Settings['lookup']
  readonly #frozen: ReadonlyMap<string, string>
  readonly #keepsUnmatched: boolean

  constructor(
    known: KnownIds,
    lookup: Settings['lookup'],
    frozen: ReadonlyMap<string, string>,
    keepsUnmatched: boolean,
  ) {
    this.#keepsUnmatched = keepsUnmatched
    this.#known = known
    this.#lookup = lookup
    this.#frozen = frozen
  }

  resolve(entry: MappingEntry, wants: Wants): { reading: Reading; keys: readonly Key[] } | undefined {
    const reference = `${wants}:${typeof entry.value === 'string' ? entry.value : canonicalJson({ ...entry.value })}`
    const resolution = resolve(entry.value, {
      wants,
      li: entry.li ?? false,
      known: this.#known,
      lookup: this.#lookup,
      frozen: this.#frozen.get(reference),
    })
    const where = `mapping of ${entry.id}`
    switch (resolution.kind) {
      case 'resolved': {
        const { reading } = resolution
        if (resolution.known && !this.#frozen.has(reference)) this.fresh.set(reference, readingText(reading))
        if (!resolution.known) this.warnings.push(`${where}: nothing in the store matches ${readingText(reading)} yet`)
        if (resolution.alarm !== undefined) this.warnings.push(`${where}: second reading: ${resolution.alarm}`)
        const keys = keysOf(reading, this.#known)
        this.answered.push(...keys)
        return { reading, keys }
      }
      case 'unmatched':
        this.warnings.push(`${where}: no id in the store, the catalogue or the lookup matches its value yet`)
        return this.#keepsUnmatched ? unmatched(entry.value, wants, reference) : undefined
      case 'ambiguous':
        this.complaints.push({
          where,
          found: `several readings: ${resolution.readings.join(' and ')}`,
          expected: 'one reading',
          remedy: 'Name it explicitly: {"purpose", "preference", "value"}.',
        })
        return undefined
      case 'unparsable':
        this.complaints.push({
          where,
          found: 'a value that is no path of the grammar and no known id',
          expected: 'a reference such as consents_purposes_<id>_enabled',
          remedy: 'Correct the value, or add the widget entity to `lookup`.',
        })
        return undefined
    }
  }
}

/**
 * The only way to read a path as what its place can hold; else a choice or set of its own, by ids that nobody has, since a
 * blank stands in them.
 */
function unmatched(
  value: MappingEntry['value'],
  wants: Wants,
  reference: string,
): { reading: Reading; keys: readonly Key[] } {
  const paths = typeof value === 'string' ? pathReadings(value) : []
  const [only, second] = paths.filter((reading) => readingForm(reading) === wants)
  if (only?.kind === 'key' && second === undefined) return { reading: only, keys: [only.key] }
  const purpose = `unmatched ${reference}`
  const key: Key = wants === 'set' ? { kind: 'set', purpose, preference: purpose } : { kind: 'purpose', purpose }
  return { reading: { kind: 'key', key }, keys: [key] }
}
