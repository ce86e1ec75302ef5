/** Delivery to contacts: what the persons behind each contact want in its mapped columns (semantics §5). */

import type { Settings, TargetSettings } from '../config/settings.ts'
import { fromMilliseconds, type Instant } from '../consent/time.ts'
import type { Guid, Row, RowWrite, TableMetadata } from '../dataverse/dataverse.ts'
import { type ContactColumn, statesNothing } from '../projection/contact-column.ts'
import { comparable } from '../projection/contact-point.ts'
import {
  type ColumnVerdict,
  heldColumn,
  judgeColumn,
  neverDelivered,
  type WantedColumn,
  wantedColumn,
} from '../projection/contact-row.ts'
import { ledgerSpan } from '../projection/guard.ts'
import type { Person } from '../projection/person.ts'
import type { JsonValue } from '../record/record.ts'
import type { LedgerEntry, Place, TargetScope } from '../store/store.ts'
import { type ContactSearch, instantOf, lastSave, searchedColumns } from './contacts.ts'
import { foundEqual, foundForeign, type WantedValue } from './ledger.ts'
import type { Refusal } from './outcome.ts'
import {
  type Attempt,
  deliverRows,
  type PlaceResult,
  type PlaceWrite,
  type PlanSubjects,
  type RowPorts,
  type Ruling,
  type SubjectPlan,
} from './rows.ts'

/** A contact to deliver to. `row` is the reading that found it; a contact to be created has none, but its first columns. */
export interface ContactSubject {
  readonly id: string
  readonly persons: readonly Person[]
  readonly row: Row | undefined
  readonly created?: Readonly<Record<string, JsonValue>>
  /** May `contact.adopt` apply? Not to a contact reached through a merge (semantics §7). */
  readonly adoptable: boolean
}

export interface ContactWork {
  readonly table: TableMetadata
  readonly columns: readonly ContactColumn[]
  readonly search: ContactSearch
  readonly settings: Pick<Settings, 'events'>
  readonly target: TargetSettings
  /** Every systemuser id that ever wrote for us. */
  readonly us: ReadonlySet<Guid>
  readonly firstReading: { readonly at: Instant; readonly readAtMs: number }
}

export interface ContactResults {
  readonly places: ReadonlyMap<string, readonly PlaceResult[]>
  /** Columns that cannot hold what is wanted, by contact. */
  readonly unholdable: ReadonlyMap<string, readonly Refusal[]>
}

export function columnPlace(contact: string, column: string): Place {
  return `contact/${contact}/${column}`
}

/** Delivers to contacts: every mapped column that somebody states has one result. */
export async function deliverContacts(
  ports: RowPorts,
  scope: TargetScope,
  work: ContactWork,
  subjects: readonly ContactSubject[],
  signal: AbortSignal,
): Promise<ContactResults> {
  const byId = new Map(subjects.map((subject) => [subject.id, subject]))
  const places = subjects.flatMap(({ id }) => work.columns.map(({ name }) => columnPlace(id, name)))
  const ledger = await ports.store.ledger(scope, places)
  const unholdable = new Map<string, Refusal[]>()
  const plan: PlanSubjects = async (ids, attempt) => {
    const reading = attempt.number === 0 ? firstReading(work, subjects) : await readAgain(ports, work, ids, signal)
    const plans = new Map<string, SubjectPlan>()
    for (const id of ids) {
      const subject = byId.get(id)
      if (subject === undefined) continue
      const planned = planContact(work, subject, reading.rows.get(id), ledger, reading.at, attempt)
      unholdable.set(id, planned.unholdable)
      plans.set(id, planned)
    }
    return { plans, at: reading.at, readAtMs: reading.readAtMs }
  }
  const results = await deliverRows(
    ports,
    scope,
    { table: work.table, subjects: [...byId.keys()], plan, freshnessMs: work.target.freshnessMs },
    signal,
  )
  return { places: results, unholdable }
}

interface Reading {
  readonly rows: ReadonlyMap<string, Row>
  readonly at: Instant
  readonly readAtMs: number
}

function firstReading({ firstReading }: ContactWork, subjects: readonly ContactSubject[]): Reading {
  return { ...firstReading, rows: new Map(subjects.flatMap(({ id, row }) => (row === undefined ? [] : [[id, row]]))) }
}

async function readAgain(
  { dataverse }: RowPorts,
  { table, search }: ContactWork,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<Reading> {
  const { rows, at, readAtMs } = await dataverse.rowsIn(table, searchedColumns(search), table.primaryId, ids, signal)
  return { rows: new Map(rows.map((row) => [row.id, row])), at, readAtMs }
}

type PlannedContact = SubjectPlan & { readonly unholdable: Refusal[] }

function planContact(
  work: ContactWork,
  subject: ContactSubject,
  row: Row | undefined,
  ledger: ReadonlyMap<Place, LedgerEntry>,
  at: Instant,
  attempt: Omit<Attempt, 'conflicts'>,
): PlannedContact {
  const { target, settings } = work
  if (row !== undefined && subject.created !== undefined && !isTheCreated(row, subject.created, target)) {
    return {
      rulings: [],
      writes: [],
      unholdable: [{ place: `contact/${subject.id}`, what: 'contact', code: 'contact-id-taken' }],
    }
  }
  const rulings: Ruling[] = []
  const writes: { place: PlaceWrite; verdict: ColumnVerdict & { verdict: 'write' }; refusal: boolean }[] = []
  const unholdable: Refusal[] = []
  for (const column of work.columns) {
    const place = columnPlace(subject.id, column.name)
    const entry = attempt.uncertain.get(place) ?? ledger.get(place)
    const wanted = wantedColumn(
      column,
      subject.persons,
      { ...target, events: settings.events },
      entry?.restored === true ? entry.foreign : undefined,
    )
    if (wanted === undefined) continue
    if ('unholdable' in wanted) {
      unholdable.push({ place, what: column.name, code: wanted.unholdable })
      continue
    }
    const verdict = judge(work, subject, row, wanted, entry)
    const value = { value: wanted.value, lo: wanted.claim.lo, hi: wanted.claim.hi }
    const common = {
      place,
      what: column.name,
      wanted: value,
      event: wanted.event,
      from: row?.columns[column.name] ?? null,
    }
    if (verdict.verdict === 'write') {
      const write = { ...common, entry, foreign: verdict.foreign }
      writes.push({ place: write, verdict, refusal: wanted.claim.stance === 'refusal' })
      continue
    }
    const adoptable = verdict.verdict === 'superseded' && subject.adoptable && neverDelivered(entry)
    rulings.push({
      ...common,
      ...ruled(work, column, place, entry, value, verdict, row, at),
      ...(adoptable && { adoptable }),
    })
  }
  /** The last attempt gives up what needs the row as read, never a refusal. */
  const sendable = attempt.last && row !== undefined ? writes.filter(({ refusal }) => refusal) : writes
  return { rulings, unholdable, writes: contactWrite(work, subject, row, sendable, attempt.number > 0) }
}

/** A column that needs no write: found equal, or kept as somebody else left it. */
function ruled(
  { us, target }: ContactWork,
  column: ContactColumn,
  place: Place,
  entry: LedgerEntry | undefined,
  wanted: WantedValue,
  verdict: Exclude<ColumnVerdict, { verdict: 'write' }>,
  row: Row | undefined,
  at: Instant,
): Pick<Ruling, 'outcome' | 'ledger'> {
  const read = row && { rowId: row.id, modifiedOn: instantOf(row, 'modifiedon') }
  if (verdict.verdict === 'superseded')
    return { outcome: 'superseded', ledger: verdict.ours ? entry : foundForeign(place, entry, verdict.foreign, read) }
  const stored = row?.columns[column.name] ?? null
  const held =
    row && !statesNothing(stored)
      ? heldColumn(column, stored, lastSave(row, us), entry, target.clockToleranceMicros)
      : undefined
  const foreign = held === undefined || held.ours ? undefined : { value: stored, ...ledgerSpan(held) }
  return { outcome: 'unchanged', ledger: read && foundEqual(place, entry, wanted, at, read, foreign) }
}

function judge(
  { target, us }: ContactWork,
  { adoptable }: ContactSubject,
  row: Row | undefined,
  wanted: WantedColumn & { value: JsonValue },
  entry: LedgerEntry | undefined,
): ColumnVerdict {
  if (!('claim' in wanted)) return { verdict: 'equal' }
  if (row === undefined) return { verdict: 'write', replaces: 'nothing' }
  const adopted = adoptable && target.contact.adopt.includes(wanted.column.name)
  const policies = { conflict: target.conflict, clockTolerance: target.clockToleranceMicros }
  return judgeColumn(wanted, { columns: row.columns, ...lastSave(row, us) }, entry, policies, adopted)
}

/**
 * One write per contact; on the row as read where an opt-in would replace somebody else's value (semantics §7). So too
 * when it is sent again: then it goes alone, and one bad row cannot hold up the rest of its batch for ever.
 */
function contactWrite(
  { target }: ContactWork,
  subject: ContactSubject,
  row: Row | undefined,
  writes: ReadonlyArray<{ place: PlaceWrite; verdict: { replaces: 'nothing' | 'ours' | 'foreign' }; refusal: boolean }>,
  again: boolean,
): SubjectPlan['writes'] {
  const values = Object.fromEntries(writes.map(({ place }) => [place.what, place.wanted.value]))
  const places = writes.map(({ place }) => place)
  const blind = writes.every(({ refusal }) => refusal)
  if (row === undefined) {
    if (subject.created === undefined) return []
    return [
      {
        row: { kind: 'create', id: subject.id, columns: { ...subject.created, ...values } },
        blind: false,
        phase: 1,
        places,
      },
    ]
  }
  if (writes.length === 0) return []
  const guarded = writes.some(
    ({ verdict, refusal }) => !refusal && (target.strict || again || verdict.replaces === 'foreign'),
  )
  const update: RowWrite = { kind: 'update', id: row.id, columns: values, ...(guarded ? { ifMatch: row.etag } : {}) }
  return [{ row: update, blind, phase: blind ? 0 : 1, places }]
}

/** A contact that holds the id we chose: is it the one we meant to create, from a write whose answer was lost? */
export function isTheCreated(row: Row, created: RowWrite['columns'], { contact }: TargetSettings): boolean {
  const attribute = contact.matchAttribute
  return comparable(String(row.columns[attribute] ?? '')) === comparable(String(created[attribute]))
}

/** The columns a contact is created with, besides the mapped ones; `undefined` where the OUID cannot be the match attribute. */
export function createdContact(
  ouid: string,
  table: TableMetadata,
  target: TargetSettings,
): Readonly<Record<string, JsonValue>> | undefined {
  const { matchAttribute, template } = target.contact
  const column = table.columns.get(matchAttribute)
  const fits =
    column?.type === 'text' &&
    ouid.length <= (column.maxLength ?? Number.POSITIVE_INFINITY) &&
    (column.format !== 'Email' || /^[^\s@]+@[^\s@]+$/.test(ouid))
  return fits ? { ...template, [matchAttribute]: ouid } : undefined
}

/** A due parked person older than this is expired (semantics §5.2). */
export function parkingCutoff(nowMs: number, { park }: TargetSettings): Instant {
  return fromMilliseconds(nowMs - park.maxAgeDays * 24 * 3_600_000)
}
