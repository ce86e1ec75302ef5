/** The path of one person, from what was said to what stands in Dataverse: as data. */

import type { Settings } from '../config/settings.ts'
import { keyText } from '../consent/key.ts'
import { formatInstant } from '../consent/time.ts'
import { columnPlace } from '../deliver/contact-rows.ts'
import type { Mapping } from '../deliver/mapping.ts'
import type { Outcome } from '../deliver/outcome.ts'
import type { Person } from '../projection/person.ts'
import { slotPlace, slotsOf } from '../projection/slot.ts'
import type { JsonValue } from '../record/record.ts'
import type { Evidence } from '../store/evidence.ts'
import type { LedgerEntry, PersonContact, Place } from '../store/store.ts'
import { type Asked, type Said, type SaidByPerson, saidBy, saidOf } from './said.ts'

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
export interface ChoicePath extends SaidByPerson {
  /** A column; or a purpose or topic. */
  readonly what: string
  /** An attribute tells of the person, whoever looks at its value. */
  readonly form: Asked['form']
  readonly keys: readonly string[]
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

/** What is there already is not written: only columns that differ are sent, only rows that differ updated. */
const UNCHANGED: Readonly<Record<Mapping['mode'], string>> = { contact: '§5.6', consent: '§6.6' }

/** The rule behind a refusal of our own; any other is Dataverse's. */
const REFUSED = new Map([
  ['address-too-long', '§6.3'],
  ['value-too-long', '§5.5'],
  ['value-unfit', '§5.5'],
  ['ouid-unfit', '§5.2'],
  ['contact-id-taken', '§5.2'],
])

/** The rules behind an outcome; `rejections` are the codes of what was refused. */
export function ruleOf(outcome: Outcome, mode: Mapping['mode'], rejections: readonly string[]): string {
  switch (outcome) {
    case 'rejected-by-dataverse':
      return [...new Set(rejections.map((code) => REFUSED.get(code) ?? '§8.2'))].sort().join(', ')
    case 'ambiguous-contact':
      return '§5.1'
    case 'unmatched':
    case 'expired':
      return '§5.2'
    case 'no-contact-point':
      return '§6.2'
    case 'unchanged':
      return UNCHANGED[mode]
    case 'written':
    case 'superseded':
      return '§7'
  }
}

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
  return askedIn(known.mapping).map(([what, asked]) => ({
    what,
    form: asked.form,
    keys: asked.form === 'attribute' ? [] : asked.keys.map(keyText),
    ...saidBy(known.person, asked, events),
    places: (places.get(what) ?? []).map((place) => placePath(place, known)),
  }))
}

/** What each column, purpose or topic is filled from. */
function askedIn(mapping: Mapping): Array<readonly [what: string, asked: Asked]> {
  if (mapping.mode === 'consent')
    return mapping.entries.map(({ kind, id, keys }) => [`${kind}:${id}`, { form: 'choice', keys }])
  return mapping.columns.map(({ name, keys, encoding }) => [
    name,
    encoding.form === 'attribute' ? { form: 'attribute', name: encoding.name } : { form: encoding.form, keys },
  ])
}

function placePath(place: Place, { ledger, decided, mapping }: Known): PlacePath {
  const entry = ledger.get(place)
  const now = decided.find((one) => one.place === place)
  const { confirmed, foreign } = entry ?? {}
  return {
    place,
    decision: now?.decision ?? 'unchanged',
    rule: now === undefined ? UNCHANGED[mapping.mode] : '§7',
    ...(now && { from: now.from, to: now.to }),
    ...(confirmed && {
      ledger: { ...saidOf(confirmed.value, confirmed, '§7'), at: formatInstant(confirmed.at) },
    }),
    ...(foreign && { foreign: saidOf(foreign.value, foreign, '§7') }),
  }
}
