/**
 * Delivery of rows: read, guard, write ahead, send, confirm; and again for what changed meanwhile (semantics §7, "time
 * between reading and writing"). The same for contacts and consent rows.
 */

import type { Instant } from '../consent/time.ts'
import type { Dataverse, RowWrite, TableMetadata, WriteOutcome } from '../dataverse/dataverse.ts'
import type { Clock } from '../lib/clock.ts'
import { groupBy } from '../lib/group.ts'
import type { JsonValue } from '../record/record.ts'
import type { LedgerEntry, LedgerValue, Place, Store, TargetScope } from '../store/store.ts'
import { appliedBefore, confirming, intending, type WantedValue } from './ledger.ts'
import type { PlaceOutcome } from './outcome.ts'

/** One place that a write sets. */
export interface PlaceWrite {
  readonly place: Place
  /** The column, or purpose or topic: free of personal data. */
  readonly what: string
  readonly wanted: WantedValue
  readonly event: string | undefined
  readonly from: JsonValue
  readonly entry: LedgerEntry | undefined
  readonly foreign: LedgerValue | undefined
}

/** One row to send. `blind` rows only refuse: they may be repeated without another read. */
export interface PlannedWrite {
  readonly row: RowWrite
  readonly blind: boolean
  /** Opt-outs 0, purpose opt-ins 1, topic opt-ins 2 (semantics §6.8). */
  readonly phase: 0 | 1 | 2
  readonly places: readonly PlaceWrite[]
}

/** A place decided without a write. */
export interface Ruling {
  readonly place: Place
  readonly what: string
  readonly outcome: 'unchanged' | 'superseded'
  /** Superseded, but a first delivery: `contact.adopt` would overwrite it (semantics §7). */
  readonly adoptable?: boolean
  readonly ledger: LedgerEntry | undefined
  readonly wanted: WantedValue
  readonly event: string | undefined
  readonly from: JsonValue
}

/** A subject's plan (a contact, a slot): what needs no write, and the writes. */
export interface SubjectPlan {
  readonly rulings: readonly Ruling[]
  readonly writes: readonly PlannedWrite[]
}

/**
 * Decides subjects on a fresh reading. `attempt` counts from 0; `conflicts` how often a subject's write met a conflict;
 * `uncertain` is what was written ahead of earlier attempts of which nobody knows whether they got there.
 */
export type PlanSubjects = (
  subjects: readonly string[],
  attempt: Attempt,
) => Promise<{ readonly plans: ReadonlyMap<string, SubjectPlan>; readonly at: Instant; readonly readAtMs: number }>

export interface Attempt {
  readonly number: number
  readonly last: boolean
  readonly conflicts: ReadonlyMap<string, number>
  readonly uncertain: ReadonlyMap<Place, LedgerEntry>
}

/** Keeps what must be kept of rows before they are sent. */
export type BeforeSending = (writes: readonly PlannedWrite[]) => Promise<void>

/** What became of one place. */
export interface PlaceResult {
  readonly place: Place
  readonly what: string
  readonly outcome: PlaceOutcome
  readonly ledger: LedgerEntry | undefined
  readonly wanted: WantedValue
  readonly event: string | undefined
  readonly from: JsonValue
  readonly rowId: string | undefined
  readonly adoptable?: boolean
  readonly rejection?: { readonly code: string; readonly message: string }
}

export interface RowPorts {
  readonly store: Store
  readonly dataverse: Dataverse
  readonly clock: Clock
}

/** A conflict or a pause is read and decided again this often; then the person stays due. */
const ATTEMPTS = 5

/** Delivers subjects to their end: every place of every subject has one result. */
export async function deliverRows(
  ports: RowPorts,
  scope: TargetScope,
  work: {
    readonly table: TableMetadata
    readonly subjects: readonly string[]
    readonly plan: PlanSubjects
    readonly freshnessMs: number
    /** Told of every row before it is sent, and before it is written ahead. */
    readonly beforeSending?: BeforeSending
  },
  signal: AbortSignal,
): Promise<Map<string, PlaceResult[]>> {
  const results = new Map(work.subjects.map((subject) => [subject, new Map<Place, PlaceResult>()]))
  const conflicts = new Map<string, number>()
  const uncertain = new Map<Place, LedgerEntry>()
  let open: readonly string[] = work.subjects
  for (let number = 0; number < ATTEMPTS && open.length > 0; number += 1) {
    const last = number === ATTEMPTS - 1
    const reading = await work.plan(open, { number, last, conflicts, uncertain })
    const sent = await sendPhases(ports, scope, work, reading, signal)
    const bySubject = groupBy(sent, ({ subject }) => subject)
    for (const [subject, { rulings }] of reading.plans) {
      const ruled = rulings.map((ruling): PlaceResult => ({ ...ruling, rowId: undefined }))
      const known = results.get(subject) ?? new Map<Place, PlaceResult>()
      note(known, [...ruled, ...worstByPlace(bySubject.get(subject) ?? [], reading.at)])
      results.set(subject, known)
    }
    for (const { subject, write, outcome } of sent) {
      if (outcome.kind === 'conflict') conflicts.set(subject, (conflicts.get(subject) ?? 0) + 1)
      if (outcome.kind === 'again')
        for (const place of write.places) uncertain.set(place.place, intendingTo(place, reading.at))
    }
    const unsettled = sent.filter(({ outcome }) => UNSETTLED.has(outcome.kind))
    open = [...new Set(unsettled.map(({ subject }) => subject))]
  }
  return new Map([...results].map(([subject, byPlace]) => [subject, [...byPlace.values()]]))
}

const UNSETTLED: ReadonlySet<WriteOutcome['kind']> = new Set(['conflict', 'gone', 'again'])

/** Takes an attempt's results; what an earlier attempt wrote stays written, though it now reads as equal. */
function note(known: Map<Place, PlaceResult>, results: readonly PlaceResult[]): void {
  for (const result of results) {
    if (known.get(result.place)?.outcome !== 'written') known.set(result.place, result)
  }
}

const SEVERITY: Record<PlaceOutcome, number> = { unchanged: 0, superseded: 1, written: 2, rejected: 3, deferred: 4 }

/** One result per place: several rows of one slot are settled only when all of them are. */
function worstByPlace(sent: readonly Sent[], readAt: Instant): PlaceResult[] {
  const byPlace = new Map<Place, PlaceResult>()
  for (const result of sent.flatMap(({ write, outcome }) => placeResults(write, outcome, readAt))) {
    const known = byPlace.get(result.place)
    if (known === undefined || SEVERITY[result.outcome] > SEVERITY[known.outcome]) byPlace.set(result.place, result)
  }
  return [...byPlace.values()]
}

interface Sent {
  readonly subject: string
  readonly write: PlannedWrite
  readonly outcome: WriteOutcome
}

interface Sendable {
  readonly table: TableMetadata
  readonly freshnessMs: number
  readonly beforeSending?: BeforeSending
}

/** Writes ahead, then sends phase by phase: refusals first, and opt-ins only while their reading is fresh. */
async function sendPhases(
  { store, dataverse }: RowPorts,
  scope: TargetScope,
  { table, freshnessMs, beforeSending }: Sendable,
  { plans, at, readAtMs }: Awaited<ReturnType<PlanSubjects>>,
  signal: AbortSignal,
): Promise<Sent[]> {
  const writes = [...plans].flatMap(([subject, plan]) => plan.writes.map((write) => ({ subject, write })))
  if (writes.length === 0) return []
  await beforeSending?.(writes.map(({ write }) => write))
  await store.putLedger(
    scope,
    writes.flatMap(({ write }) => write.places.map((place) => intendingTo(place, at))),
  )
  const sent: Sent[] = []
  for (const phase of [0, 1, 2] as const) {
    for (const blind of [true, false]) {
      const batch = writes.filter(({ write }) => write.phase === phase && write.blind === blind)
      if (batch.length === 0) continue
      const options = blind ? { repeatable: true } : { repeatable: false, notAfterMs: readAtMs + freshnessMs }
      const outcomes = await dataverse.write(
        table,
        batch.map(({ write }) => write.row),
        options,
        signal,
      )
      for (const [index, { subject, write }] of batch.entries()) {
        sent.push({ subject, write, outcome: outcomes[index] ?? { kind: 'again', code: 'no-outcome' } })
      }
    }
  }
  return sent
}

function intendingTo({ place, entry, wanted, foreign, from }: PlaceWrite, readAt: Instant): LedgerEntry {
  return intending(place, entry, wanted, foreign, readAt, appliedBefore(entry, from, readAt))
}

function placeResults({ row, places }: PlannedWrite, outcome: WriteOutcome, readAt: Instant): PlaceResult[] {
  return places.map((place) => placeResult(place, row.id, outcome, readAt))
}

function placeResult(write: PlaceWrite, rowId: string, outcome: WriteOutcome, readAt: Instant): PlaceResult {
  const { place, what, wanted, event, from, entry } = write
  const result = { place, what, wanted, event, from, rowId }
  const intended = intendingTo(write, readAt)
  switch (outcome.kind) {
    case 'done':
      return { ...result, outcome: 'written', ledger: confirming(intended, wanted, { at: outcome.at, readAt }, rowId) }
    case 'rejected': {
      const { code, message } = outcome
      return { ...result, outcome: 'rejected', ledger: entry ?? { place }, rejection: { code, message } }
    }
    case 'conflict':
    case 'gone':
    case 'again':
      return { ...result, outcome: 'deferred', ledger: intended }
  }
}
