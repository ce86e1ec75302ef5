/** The slots of a chunk of addresses as delivery takes them, and the two ends they come to: looked at, or written. */

import { fromMilliseconds } from '../consent/time.ts'
import { deliverConsents, planConsents } from '../deliver/consent-rows.ts'
import type { ConsentWork } from '../deliver/consent-work.ts'
import { evidenceOf } from '../deliver/evidence.ts'
import { Pseudonyms } from '../deliver/pseudonyms.ts'
import type { PlaceResult } from '../deliver/rows.ts'
import { personsBehind } from '../deliver/sharing.ts'
import { pointOfPlace, type WantedSlot } from '../projection/slot.ts'
import type { MigrationFile } from '../store/migration-file.ts'
import type { LedgerEntry, Place } from '../store/store.ts'
import { type AddressWork, besideLedger, pointKey, settledAddresses } from './address-work.ts'
import { imaging } from './before-images.ts'
import type { Migration, MigrationPorts } from './migration.ts'
import type { SlotCounts, SlotOutcome } from './slot-counts.ts'

interface Chunk {
  readonly wanted: ReadonlyMap<Place, WantedSlot>
  readonly ledger: ReadonlyMap<Place, LedgerEntry>
  readonly work: ConsentWork
}

async function chunkOf(
  { store }: MigrationPorts,
  migration: Migration,
  addresses: readonly AddressWork[],
): Promise<Chunk> {
  const { scope, legacyScope, mapping, settings, target, us, run } = migration
  const all = new Map(addresses.flatMap(({ wanted }) => [...wanted]))
  const ledger = await store.ledger(scope, [...all.keys()])
  const byAddress = new Map(addresses.map((one) => [pointKey(one), one]))
  // Persons of the store count where a purpose is made for a topic: whoever refuses it is not to be overridden.
  const ensures = target.parentPurpose === 'ensure'
  const scopes = ensures ? [scope, legacyScope] : []
  const known = await Promise.all(scopes.map((each) => store.personsAt(each, addresses)))
  const ids = new Map(addresses.map((one) => [pointKey(one), known.flatMap((at) => at.get(pointKey(one)) ?? [])]))
  const { consents: table, bindings, entries } = mapping
  return {
    wanted: new Map([...all].map(([place, slot]) => [place, besideLedger(slot, ledger.get(place))])),
    ledger,
    work: {
      ...{ table, bindings, entries, settings, target, us, run },
      personsAt: ensures ? await personsBehind(store, ids) : new Map(),
      refusesParent: (at, topic) =>
        topic.keys.some((key) => key.kind !== 'channel' && byAddress.get(pointKey(at))?.refuses.has(key.purpose)),
    },
  }
}

/** Takes up a chunk's addresses in the counts. */
function count(counts: SlotCounts, addresses: readonly AddressWork[]): void {
  counts.addresses += addresses.length
  for (const { placements, wanted } of addresses) {
    counts.placements += placements
    counts.slots += wanted.size
  }
}

const addressesOf = (places: Iterable<Place>): Set<string> =>
  new Set([...places].flatMap((place) => pointOfPlace(place) ?? []).map(pointKey))

/** Decides a chunk's slots and writes nothing. Under `warn` it is also seen what `ensure` would do. */
export async function lookAtChunk(
  ports: MigrationPorts,
  migration: Migration,
  addresses: readonly AddressWork[],
  counts: SlotCounts,
  signal: AbortSignal,
): Promise<void> {
  count(counts, addresses)
  const ensures = migration.target.parentPurpose === 'ensure'
  const asked = migration.target.parentPurpose === 'warn' ? ensuring(migration) : migration
  const { wanted, ledger, work } = await chunkOf(ports, asked, addresses)
  const { plan, parents } = planConsents(ports, migration.scope, work, wanted, ledger, signal)
  const { plans } = await plan([...wanted.keys()], {
    number: 0,
    last: false,
    conflicts: new Map(),
    uncertain: new Map(),
  })
  const { lacking, ensured } = parents()
  for (const [place, { rulings, writes }] of plans) {
    const slot = wanted.get(place)
    // A purpose made for a topic is nobody's slot.
    if (slot === undefined) continue
    const [ruling] = rulings
    const outcome = ruling?.outcome ?? (writes[0]?.row.kind === 'create' ? 'created' : 'updated')
    counts.slot(slot.slot, slot.statement.value, outcome)
    counts.rows += writes.length
  }
  counts.topicsWithoutPurpose += lacking.length + (ensures ? 0 : waitingTopics(wanted, ensured))
  counts.blockedAddresses += addressesOf(ensures ? lacking : [...lacking, ...ensured.keys()]).size
  if (ensures) counts.ensured += ensured.size
  else if (migration.target.parentPurpose === 'warn') counts.ensurable = (counts.ensurable ?? 0) + ensured.size
}

const ensuring = (migration: Migration): Migration => ({
  ...migration,
  target: { ...migration.target, parentPurpose: 'ensure' },
})

/** Topics opted in whose purpose would have to be made first. */
function waitingTopics(wanted: ReadonlyMap<Place, WantedSlot>, ensured: ReadonlyMap<Place, WantedSlot>): number {
  const made = new Set([...ensured.values()].map(({ slot }) => `${pointKey(slot)} ${slot.entry.id}`))
  return [...wanted.values()].filter(
    ({ slot, statement }) =>
      slot.entry.kind === 'topic' && statement.value && made.has(`${pointKey(slot)} ${slot.entry.purpose.id}`),
  ).length
}

/** Writes a chunk's slots and settles them; addresses that are settled already with the same statements are passed over. */
export async function applyChunk(
  ports: MigrationPorts,
  migration: Migration,
  file: MigrationFile,
  addresses: readonly AddressWork[],
  counts: SlotCounts,
  signal: AbortSignal,
): Promise<void> {
  count(counts, addresses)
  const settled = await settledAddresses(file, addresses)
  for (const { slots } of settled.values()) counts.outcomes.appliedBefore += slots
  const open = addresses.filter((one) => !settled.has(pointKey(one)))
  if (open.length === 0) return
  const { wanted, ledger, work } = await chunkOf(ports, migration, open)
  const { dataverse, beforeSending, rowsAt } = imaging(ports.dataverse, migration.mapping.consents, file)
  const { places, lacking } = await deliverConsents(
    { ...ports, dataverse },
    migration.scope,
    { ...work, beforeSending },
    wanted,
    ledger,
    signal,
  )
  await settle(ports, migration, open, places)
  const left = new Set<string>()
  for (const [place, result] of places) {
    const slot = wanted.get(place)
    const written = rowsAt.get(place)?.size ?? 0
    counts.rejection(result)
    if (result.outcome === 'rejected' || result.outcome === 'deferred')
      for (const at of addressesOf([place])) left.add(at)
    if (slot === undefined) {
      if (result.outcome === 'written') counts.ensured += written
      continue
    }
    counts.slot(slot.slot, slot.statement.value, outcomeOf(result))
    if (result.outcome === 'written') counts.rows += written
  }
  counts.topicsWithoutPurpose += lacking.length
  counts.blockedAddresses += addressesOf(lacking).size
  await file.noteApplied(
    open
      .filter((one) => !left.has(pointKey(one)))
      .map(({ channel, address, digest, wanted: slots }) => ({ channel, address, digest, slots: slots.size })),
  )
}

function outcomeOf({ outcome, from }: PlaceResult): SlotOutcome {
  if (outcome !== 'written') return outcome
  return from === null ? 'created' : 'updated'
}

/** One transaction: the ledger and the evidence of everything that was decided (semantics §8.2). */
async function settle(
  { store, clock }: MigrationPorts,
  { scope, run }: Migration,
  addresses: readonly AddressWork[],
  places: ReadonlyMap<Place, PlaceResult>,
): Promise<void> {
  const persons = new Map(addresses.map((one) => [pointKey(one), one.person]))
  const pseudonyms = new Pseudonyms(store.pseudonymKey)
  const ledger: LedgerEntry[] = []
  const evidence = []
  for (const [place, result] of places) {
    if (result.outcome === 'deferred') continue
    if (result.ledger !== undefined) ledger.push(result.ledger)
    const at = pointOfPlace(place)
    const person = at && persons.get(pointKey(at))
    const trace = person === undefined ? undefined : evidenceOf(result, person, run, pseudonyms, false)
    if (trace !== undefined) evidence.push(trace)
  }
  await store.settle(scope, { now: fromMilliseconds(clock.now()), settlements: [], ledger, evidence, quarantine: [] })
}
