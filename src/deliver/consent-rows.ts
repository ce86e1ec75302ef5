/** Delivery to contact point consents: one slot per address and purpose or topic (semantics §6). */

import type { Instant } from '../consent/time.ts'
import type { Guid, Row, RowWrite } from '../dataverse/dataverse.ts'
import { groupBy } from '../lib/group.ts'
import { consentTypeOf, createdColumns, updatedColumns } from '../projection/consent-row.ts'
import { CHANNEL_CODES, type Channel, type ContactPoint, normaliseAddress } from '../projection/contact-point.ts'
import { combineHeld, ledgerSpan } from '../projection/guard.ts'
import {
  CONSENT_VALUES,
  type ConsentEntry,
  consentValue,
  type Slot,
  slotRowId,
  type WantedSlot,
} from '../projection/slot.ts'
import { type ConsentRow, heldRow, judgeSlot, type SlotVerdict } from '../projection/slot-rows.ts'
import type { LedgerEntry, Place, TargetScope } from '../store/store.ts'
import type { ConsentWork } from './consent-work.ts'
import { instantOf } from './contacts.ts'
import { foundEqual, foundForeign, foundMissing } from './ledger.ts'
import { ensuredParents, type ParentCheck } from './parent-purpose.ts'
import {
  deliverRows,
  type PlaceResult,
  type PlannedWrite,
  type PlanSubjects,
  type RowPorts,
  type SubjectPlan,
} from './rows.ts'

export interface ConsentResults {
  readonly places: ReadonlyMap<Place, PlaceResult>
  /** Topics opted in at addresses whose purpose is not (semantics §6.7). */
  readonly lacking: readonly Place[]
}

/** Delivers slots: each has one result, under its place. */
export async function deliverConsents(
  ports: RowPorts,
  scope: TargetScope,
  work: ConsentWork,
  wanted: ReadonlyMap<Place, WantedSlot>,
  ledger: ReadonlyMap<Place, LedgerEntry>,
  signal: AbortSignal,
): Promise<ConsentResults> {
  const { plan, parents } = planConsents(ports, scope, work, wanted, ledger, signal)
  const { table, target, beforeSending } = work
  const options = { table, subjects: [...wanted.keys()], plan, freshnessMs: target.freshnessMs }
  const results = await deliverRows(ports, scope, { ...options, ...(beforeSending && { beforeSending }) }, signal)
  const places = new Map([...results.values()].flat().map((result) => [result.place, result]))
  return { places, lacking: parents().lacking }
}

/** What is to become of slots, decided but not done. */
export interface ConsentPlan {
  readonly plan: PlanSubjects
  /** Known once the first attempt is planned: topics without purpose, and the purposes that are ensured for others. */
  readonly parents: () => { readonly lacking: readonly Place[]; readonly ensured: ReadonlyMap<Place, WantedSlot> }
}

/** Plans slots: each attempt reads their rows and asks the guard. */
export function planConsents(
  ports: Pick<RowPorts, 'store' | 'dataverse'>,
  scope: TargetScope,
  work: ConsentWork,
  wanted: ReadonlyMap<Place, WantedSlot>,
  ledger: ReadonlyMap<Place, LedgerEntry>,
  signal: AbortSignal,
): ConsentPlan {
  const all = new Map(wanted)
  let found: Awaited<ReturnType<typeof ensuredParents>> = { lacking: [], ensured: new Map() }
  const plan: PlanSubjects = async (places, attempt) => {
    const reading = await readSlots(ports, work, slotsAt(all, places), signal)
    const plans = new Map<string, SubjectPlan>()
    const decide = (place: Place) => {
      const slot = all.get(place)
      if (slot === undefined) return
      const rows = reading.rowsOf(slot.slot)
      const history = { conflicts: attempt.conflicts.get(place) ?? 0, again: attempt.number > 0 }
      const entry = attempt.uncertain.get(place) ?? ledger.get(place)
      const verdict = judgeSlot(slot, rows, entry, policiesOf(work), reading.at)
      plans.set(place, planSlot(work, slot, place, verdict, entry, { rows, at: reading.at }, history))
    }
    for (const place of places) decide(place)
    if (attempt.number === 0) {
      const check: ParentCheck = {
        work,
        wanted: all,
        rowsOf: reading.rowsOf,
        superseded: (place) => isSuperseded(plans.get(place)),
      }
      found = await ensuredParents(ports.store, scope, check)
      for (const [place, parent] of found.ensured) {
        all.set(place, parent)
        decide(place)
      }
    }
    return { plans, at: reading.at, readAtMs: reading.readAtMs }
  }
  return { plan, parents: () => found }
}

const isSuperseded = (plan: SubjectPlan | undefined): boolean =>
  plan?.rulings.some(({ outcome }) => outcome === 'superseded') ?? false

const policiesOf = ({ target, us }: ConsentWork) => ({
  conflict: target.conflict,
  clockTolerance: target.clockToleranceMicros,
  businessUnit: target.businessUnit,
  us,
})

const slotsAt = (wanted: ReadonlyMap<Place, WantedSlot>, places: readonly Place[]): Slot[] =>
  places.flatMap((place) => wanted.get(place)?.slot ?? [])

export interface SlotReading {
  readonly rowsOf: (slot: Slot) => readonly ConsentRow[]
  readonly at: Instant
  readonly readAtMs: number
}

export const SELECTED = [
  'msdynmkt_contactpointvalue',
  'msdynmkt_contactpointtype',
  'msdynmkt_contactpointconsenttype',
  'msdynmkt_value',
  'msdynmkt_reason',
  '_msdynmkt_purposeid_value',
  '_msdynmkt_topicid_value',
  '_modifiedby_value',
  '_owningbusinessunit_value',
  'createdon',
  'modifiedon',
]

/** Reads every row of the slots' addresses, any `statecode`, owner or duplicate (semantics §6.6). */
export async function readSlots(
  { dataverse }: Pick<RowPorts, 'dataverse'>,
  work: Pick<ConsentWork, 'table' | 'target'>,
  slots: readonly Slot[],
  signal: AbortSignal,
): Promise<SlotReading> {
  const { table, target } = work
  const addresses = [...new Set(slots.map(({ address }) => address))]
  const { rows, at, readAtMs } = await dataverse.rowsIn(
    table,
    [table.primaryId, ...SELECTED],
    'msdynmkt_contactpointvalue',
    addresses,
    signal,
  )
  const bySlot = groupBy(rows, (row) => slotKeyOf(row, target.defaultCountry))
  const rowsOf = ({ channel, address, entry }: Slot) =>
    (bySlot.get(slotKey(channel, entry.kind, entry.id, address)) ?? []).map(consentRow)
  return { rowsOf, at, readAtMs }
}

const slotKey = (channel: Channel, kind: ConsentEntry['kind'], id: Guid, address: string) =>
  `${channel}/${kind}/${id}/${address}`

/**
 * The slot that a row is of, its address normalised as ours are: verified as the database cannot. A row without consent
 * type is a topic row if it names a topic. `undefined` where it names no purpose, no known channel or no usable address.
 */
function slotKeyOf(row: Row, defaultCountry: string | undefined): string | undefined {
  const slot = slotOfRow(row, defaultCountry)
  return slot && slotKey(slot.channel, slot.kind, slot.id, slot.address)
}

/** The same in its parts. */
export function slotOfRow(
  { columns }: Row,
  defaultCountry: string | undefined,
): (ContactPoint & Pick<ConsentEntry, 'kind' | 'id'>) | undefined {
  const channel = channelOf(columns['msdynmkt_contactpointtype'])
  const type = columns['msdynmkt_contactpointconsenttype']
  const guid = (name: string) => {
    const id = columns[name]
    return typeof id === 'string' ? id.toLowerCase() : undefined
  }
  const topic = guid('_msdynmkt_topicid_value')
  const isTopic = type === consentTypeOf('topic') || (type !== consentTypeOf('purpose') && topic !== undefined)
  const id = isTopic ? topic : guid('_msdynmkt_purposeid_value')
  if (channel === undefined || id === undefined) return undefined
  const stored = String(columns['msdynmkt_contactpointvalue'] ?? '')
  const normalised = normaliseAddress(channel, stored, defaultCountry)
  return normalised.kind === 'address'
    ? { channel, kind: isTopic ? 'topic' : 'purpose', id, address: normalised.address }
    : undefined
}

const CHANNELS = Object.keys(CHANNEL_CODES) as Channel[]

const channelOf = (code: unknown): Channel | undefined => CHANNELS.find((channel) => CHANNEL_CODES[channel] === code)

/** A row as the guard sees it. */
export function consentRow(row: Row): ConsentRow {
  const { columns } = row
  const value = columns['msdynmkt_value']
  const unit = columns['_owningbusinessunit_value']
  return {
    id: row.id,
    etag: row.etag,
    optedIn: value === CONSENT_VALUES.optedIn ? true : value === CONSENT_VALUES.optedOut ? false : undefined,
    reason: String(columns['msdynmkt_reason'] ?? ''),
    createdOn: instantOf(row, 'createdon'),
    modifiedOn: instantOf(row, 'modifiedon'),
    modifiedBy: String(columns['_modifiedby_value'] ?? '').toLowerCase(),
    businessUnitId: typeof unit === 'string' ? unit.toLowerCase() : undefined,
  }
}

/** What earlier attempts of this run met at a slot. */
interface History {
  readonly conflicts: number
  readonly again: boolean
}

function planSlot(
  work: ConsentWork,
  wanted: WantedSlot,
  place: Place,
  verdict: SlotVerdict,
  entry: LedgerEntry | undefined,
  { rows, at }: { readonly rows: readonly ConsentRow[]; readonly at: Instant },
  history: History,
): SubjectPlan {
  const { slot, statement } = wanted
  const value = { value: consentValue(statement.value), lo: statement.lo, hi: statement.hi }
  const common = {
    place,
    what: `${slot.entry.kind}:${slot.entry.id} ${slot.channel}`,
    wanted: value,
    event: statement.event,
  }
  const seen = verdict.missing ? foundMissing(place, entry, at) : entry
  switch (verdict.verdict) {
    case 'equal': {
      const [row] = verdict.rows
      const agreeing = verdict.rows.filter(({ optedIn }) => optedIn === statement.value)
      const [held, ...others] = agreeing.flatMap((one) => heldRow(one, entry, policiesOf(work)) ?? [])
      const all = held && combineHeld([held, ...others])
      const foreign = all === undefined || all.ours ? undefined : { value: value.value, ...ledgerSpan(all) }
      const ledger =
        row === undefined
          ? seen
          : foundEqual(place, entry, value, at, { rowId: row.id, modifiedOn: row.modifiedOn }, foreign)
      return { rulings: [{ ...common, from: value.value, outcome: 'unchanged', ledger }], writes: [] }
    }
    case 'superseded': {
      // Of the row that the ledger knows, if it is among them: another one's time would prove nothing.
      const row = rows.find(({ id }) => id === entry?.rowId) ?? (entry?.rowId === undefined ? rows[0] : undefined)
      const read = row && { rowId: row.id, modifiedOn: row.modifiedOn }
      const ledger = verdict.ours ? seen : foundForeign(place, seen, verdict.foreign, read)
      return { rulings: [{ ...common, from: verdict.foreign.value, outcome: 'superseded', ledger }], writes: [] }
    }
    case 'write': {
      const from = verdict.rows.length === 0 ? null : consentValue(!statement.value)
      const placeWrite = { ...common, from, entry: seen, foreign: verdict.foreign }
      return {
        rulings: [],
        writes: slotWrites(work, wanted, verdict, history).map((write) => ({ ...write, places: [placeWrite] })),
      }
    }
  }
}

/** Updates of the rows that differ, or one new row. Refusals first, then purpose opt-ins, then topic opt-ins (semantics §6.8). */
function slotWrites(
  { run, target, bindings }: ConsentWork,
  wanted: WantedSlot,
  verdict: SlotVerdict & { verdict: 'write' },
  { conflicts, again }: History,
): Omit<PlannedWrite, 'places'>[] {
  const { slot, statement } = wanted
  const blind = !statement.value
  const phase = blind ? 0 : slot.entry.kind === 'purpose' ? 1 : 2
  if (verdict.rows.length === 0) {
    /** Each conflict without a row in the slot means that a row of another slot holds the id. */
    const row: RowWrite = {
      kind: 'create',
      id: slotRowId(slot, conflicts + 1),
      columns: createdColumns(wanted, run, bindings, target.owner),
    }
    return [{ row, blind, phase }]
  }
  const guarded = !blind && (target.strict || again || verdict.replaces === 'foreign')
  const columns = updatedColumns(wanted, run)
  return verdict.rows.map(({ id, etag }) => ({
    row: { kind: 'update', id, columns, ...(guarded ? { ifMatch: etag } : {}) },
    blind,
    phase,
  }))
}
