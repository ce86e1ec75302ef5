/** The path of one person, from what was said to what stands in Dataverse: as data. */

import type { Settings } from '../config/settings.ts'
import { keyText } from '../consent/key.ts'
import type { Statement } from '../consent/statement.ts'
import { statementOf } from '../consent/statement.ts'
import { formatInstant, type Span } from '../consent/time.ts'
import { columnPlace } from '../deliver/contact-rows.ts'
import type { Mapping } from '../deliver/mapping.ts'
import type { Outcome } from '../deliver/outcome.ts'
import { type Person, personStatement } from '../projection/person.ts'
import { slotPlace, slotsOf } from '../projection/slot.ts'
import type { JsonValue } from '../record/record.ts'
import type { Evidence } from '../store/evidence.ts'
import type { LedgerEntry, PersonContact, Place } from '../store/store.ts'

/** A value and when it was said, at the earliest and at the latest; `-` is since ever. */
export interface Said {
  readonly value: JsonValue
  readonly lo: string
  readonly hi: string
  /** The rule that dates it. */
  readonly rule: string
}

/** One place of the person, and what is decided about it now. */
export interface PlacePath {
  readonly place: string
  readonly decision: Evidence['decision'] | 'unchanged'
  readonly rule: string
  /** What stands there, and what would; absent where nothing is to be decided. */
  readonly from?: JsonValue
  readonly to?: JsonValue
  /** What we wrote or found there last, and Dataverse's clock at that moment. */
  readonly ledger?: Said & { readonly at: string }
  /** What somebody else last said there. */
  readonly foreign?: Said
}

/** One mapped choice. */
export interface ChoicePath {
  /** A column; or a purpose or topic. */
  readonly what: string
  readonly keys: readonly string[]
  /** By record of the person, in no order that would tell of it. */
  readonly records: readonly Said[]
  /** The records as one (semantics §3, overlay); absent where nothing is stated: then nothing is written. */
  readonly person?: Said
  readonly places: readonly PlacePath[]
}

/** Everything that one target knows of the person. */
export interface Known {
  readonly person: Person
  readonly mapping: Mapping
  readonly contacts: readonly PersonContact[]
  readonly ledger: ReadonlyMap<Place, LedgerEntry>
  /** What a rehearsal decided just now. */
  readonly decided: readonly Evidence[]
}

/** The rule behind an outcome that has no place. */
const OUTCOME_RULES: Readonly<Record<Outcome, string>> = {
  'rejected-by-dataverse': '§6.3, §8.2',
  'ambiguous-contact': '§5.1',
  unmatched: '§5.2',
  expired: '§5.2',
  written: '§7',
  superseded: '§7',
  'no-contact-point': '§6.2',
  unchanged: '§7',
}

/** The rule behind an outcome as the store has it. */
export const ruleOf = (outcome: string): string => new Map(Object.entries(OUTCOME_RULES)).get(outcome) ?? '§8.2'

/** The places that the person's choices may go to, by what they are about. */
export function placesOf(
  { person, mapping, contacts }: Pick<Known, 'person' | 'mapping' | 'contacts'>,
  events: Settings['events'],
): Map<string, Place[]> {
  const places = new Map<string, Place[]>()
  const add = (what: string, place: Place) => places.set(what, [...(places.get(what) ?? []), place])
  if (mapping.mode === 'contact') {
    for (const { contactId } of contacts)
      if (contactId !== undefined) for (const { name } of mapping.columns) add(name, columnPlace(contactId, name))
    return places
  }
  const points = contacts.flatMap(({ addresses }) => addresses)
  for (const slot of slotsOf(person, points, mapping.entries, events)) {
    add(`${slot.entry.kind}:${slot.entry.id}`, slotPlace(slot))
  }
  return places
}

/** Every mapped choice of a person, whether stated or not. */
export function choicesOf(known: Known, events: Settings['events']): ChoicePath[] {
  const places = placesOf(known, events)
  const asked =
    known.mapping.mode === 'contact'
      ? known.mapping.columns.map(({ name, keys }) => ({ what: name, keys }))
      : known.mapping.entries.map(({ kind, id, keys }) => ({ what: `${kind}:${id}`, keys }))
  return asked.map(({ what, keys }) => {
    const records = known.person.states.flatMap((state) =>
      keys.flatMap((key) => {
        const said = key.kind === 'set' ? undefined : statementOf(state, key, events)
        return said === undefined ? [] : [statementSaid(said)]
      }),
    )
    const person = personStatement(
      known.person,
      keys.filter(({ kind }) => kind !== 'set'),
      events,
    )
    return {
      what,
      keys: keys.map(keyText),
      records,
      ...(person && { person: { ...saidOf(person.value, person), rule: '§3, overlay' } }),
      places: (places.get(what) ?? []).map((place) => placePath(place, known)),
    }
  })
}

function placePath(place: Place, { ledger, decided, mapping }: Known): PlacePath {
  const entry = ledger.get(place)
  const now = decided.find((one) => one.place === place)
  const { confirmed, foreign } = entry ?? {}
  return {
    place,
    decision: now?.decision ?? 'unchanged',
    rule: mapping.mode === 'consent' && now === undefined ? '§6.6, §7' : '§7',
    ...(now && { from: now.from, to: now.to }),
    ...(confirmed && {
      ledger: { ...saidOf(confirmed.value, confirmed), rule: '§7', at: formatInstant(confirmed.at) },
    }),
    ...(foreign && { foreign: { ...saidOf(foreign.value, foreign), rule: '§7' } }),
  }
}

/** An event dates a choice (§3.3, §3.4), or the line alone does (§3.5); a refusal that no line states is its event's (§3.1). */
function statementSaid(statement: Statement): Said {
  return {
    ...saidOf(statement.value, statement),
    rule: statement.event === undefined ? '§3.5: the line' : '§3.1, §3.3 or §3.4: an event',
  }
}

const saidOf = (value: JsonValue, { lo, hi }: Span): Omit<Said, 'rule'> => ({
  value,
  lo: formatInstant(lo),
  hi: formatInstant(hi),
})
