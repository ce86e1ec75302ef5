/** Hears consent rows: what somebody else said at the slots of mapped purposes and topics (semantics §11.2). */

import type { Row } from '../dataverse/dataverse.ts'
import { consentRow, readSlots, SELECTED, slotOfRow } from '../deliver/consent-rows.ts'
import { foundEqual, foundMissing } from '../deliver/ledger.ts'
import { personsBehind } from '../deliver/sharing.ts'
import type { Channel } from '../projection/contact-point.ts'
import { type ConsentEntry, pointOfPlace, type Slot, slotPlace } from '../projection/slot.ts'
import type { ConsentRow, SlotPolicies } from '../projection/slot-rows.ts'
import type { LedgerEntry, Place } from '../store/store.ts'
import { keptSpan } from './decide.ts'
import { type Heard, hearSlot } from './heard.ts'
import {
  addQuiet,
  type Batch,
  countQuiet,
  differing,
  type Ear,
  type HeardSaying,
  type Hearing,
  noQuiet,
} from './hearing.ts'

export function slotEar(hearing: Hearing, entries: readonly ConsentEntry[]): Ear {
  return {
    select: [hearing.table.primaryId, ...SELECTED],
    valued: ['msdynmkt_value'],
    hearRows: (rows, signal) => hearRows(hearing, entries, rows, signal),
    async hearPlaces(places, signal) {
      const slots = places.flatMap((place) => slotAt(entries, place) ?? [])
      return hearSlots(hearing, new Map(slots.map((slot) => [slotPlace(slot), slot])), signal)
    },
  }
}

/** Rows that only hold what is ours need no look at their slots. */
async function hearRows(
  hearing: Hearing,
  entries: readonly ConsentEntry[],
  rows: readonly Row[],
  signal: AbortSignal,
): Promise<Batch> {
  const quiet = noQuiet()
  const found: { row: Row; slot: Slot }[] = []
  for (const row of rows) {
    const slot = mappedSlot(entries, slotOfRow(row, hearing.target.defaultCountry))
    if (slot === undefined) countQuiet(quiet, 'not-mapped')
    else found.push({ row, slot })
  }
  const ledger = await hearing.store.ledger(
    hearing.scope,
    found.map(({ slot }) => slotPlace(slot)),
  )
  const slots = new Map<Place, Slot>()
  for (const { row, slot } of found) {
    const place = slotPlace(slot)
    const { kind } = hearSlot([consentRow(row)], ledger.get(place), policiesOf(hearing), consentRow(row).modifiedOn)
    if (kind === 'ours') countQuiet(quiet, kind)
    else slots.set(place, slot)
  }
  const batch = await hearSlots(hearing, slots, signal)
  addQuiet(quiet, batch.quiet)
  return { quiet, sayings: batch.sayings }
}

async function hearSlots(hearing: Hearing, slots: ReadonlyMap<Place, Slot>, signal: AbortSignal): Promise<Batch> {
  const { store, scope, table, target } = hearing
  const quiet = noQuiet()
  if (slots.size === 0) return { quiet, sayings: [] }
  const ledger = await store.ledger(scope, [...slots.keys()])
  const reading = await readSlots(hearing, { table, target }, [...slots.values()], signal)
  const behind = await personsBehind(store, await store.personsAt(scope, [...slots.values()]))
  const sayings: HeardSaying[] = []
  for (const [place, slot] of slots) {
    const entry = ledger.get(place)
    const rows = reading.rowsOf(slot)
    const heard = hearSlot(rows, entry, policiesOf(hearing), reading.at)
    if (heard.kind !== 'foreign') {
      countQuiet(quiet, heard.kind)
      continue
    }
    // By its row, so that nobody's address is kept whom no export named.
    const row = rows.find(({ optedIn }) => optedIn === heard.statement.value)
    const seen = heard.missing ? foundMissing(place, entry, reading.at) : undefined
    sayings.push({
      place,
      keys: slot.entry.keys,
      heard,
      persons: behind.get(`${slot.channel}/${slot.address}`) ?? [],
      look: row === undefined ? { kind: 'place', name: place } : { kind: 'row', name: row.id },
      ...(row && differing(place, entry, heard, { rowId: row.id, modifiedOn: row.modifiedOn })),
      ...(seen && { unsettled: seen }),
      settled: seen ?? settledEntry(place, entry, heard, row, reading.at),
    })
  }
  return { quiet, sayings }
}

/** What stands there is what Didomi will say: from now on it is in the ledger, with the one who said it. */
function settledEntry(
  place: Place,
  entry: LedgerEntry | undefined,
  heard: Heard & { readonly kind: 'foreign' },
  row: ConsentRow | undefined,
  at: number,
): LedgerEntry {
  const kept = keptSpan(heard)
  const read = { rowId: row?.id ?? '', modifiedOn: row?.modifiedOn ?? at }
  return foundEqual(place, entry, kept, at, read, kept)
}

const policiesOf = ({ target, us }: Hearing): SlotPolicies => ({
  conflict: target.conflict,
  clockTolerance: target.clockToleranceMicros,
  businessUnit: target.businessUnit,
  us,
})

type SlotParts = NonNullable<ReturnType<typeof slotOfRow>>

function mappedSlot(entries: readonly ConsentEntry[], parts: SlotParts | undefined): Slot | undefined {
  if (parts === undefined) return undefined
  const { channel, address, kind, id } = parts
  const entry = entries.find(
    (one) => one.kind === kind && one.id === id && (one.channel === undefined || one.channel === channel),
  )
  return entry && { channel, address, entry }
}

/** The slot that a place names. */
function slotAt(entries: readonly ConsentEntry[], place: Place): Slot | undefined {
  const point = pointOfPlace(place)
  const [, , , kind, id = ''] = place.split('/')
  if (point === undefined) return undefined
  const channel = point.channel as Channel
  return mappedSlot(entries, { channel, address: point.address, kind: kind === 'topic' ? 'topic' : 'purpose', id })
}
