/** Hears one target: what changed there since the last run, decided and kept so that nothing of it is lost (semantics §11). */

import { fingerprints } from '../config/fingerprint.ts'
import type { Settings, TargetSettings } from '../config/settings.ts'
import { identify } from '../deliver/environment.ts'
import { fitMapping } from '../deliver/mapping.ts'
import type { HeardReport } from '../report/reverse-report.ts'
import type { TargetScope } from '../store/store.ts'
import type { OpenLook } from '../store/told.ts'
import { followChanges, type LogMark } from './change-log.ts'
import { contactEar } from './contact-ear.ts'
import { HeardCounts } from './counts.ts'
import type { Batch, Ear, Hearing, HearingPorts } from './hearing.ts'
import type { TouchedRow } from './inbox.ts'
import { keepBatch } from './keep.ts'
import { slotEar } from './slot-ear.ts'

/** Rows and places taken up at once. */
const CHUNK = 500

interface Listening {
  readonly hearing: Hearing
  readonly ear: Ear
  readonly mark: LogMark
  readonly counts: HeardCounts
}

/**
 * Hears what waits, what was touched and what changed. `conclude` is told what came of it, also when it ends early:
 * whatever was kept by then stays kept, the rest is heard by the next run.
 */
export async function listen(
  ports: HearingPorts,
  settings: Settings,
  target: TargetSettings,
  { run, touched }: { readonly run: string; readonly touched: readonly TouchedRow[] },
  conclude: (report: HeardReport) => void,
  signal: AbortSignal,
): Promise<void> {
  const { warnings, ...listening } = await prepare(ports, settings, target, run, signal)
  const { hearing, ear, mark, counts } = listening
  const stage = ports.progress.stage(`reverse ${target.name}`)
  try {
    await hearWaiting(listening, signal)
    await hearTouched(listening, touched, signal)
    const take: Parameters<typeof followChanges>[4] = async (rows, deleted) => {
      for (const chunk of chunksOf(rows)) {
        signal.throwIfAborted()
        await keep(listening, await ear.hearRows(chunk, signal), [])
        stage.advance(chunk.length)
      }
      await hearDeleted(listening, deleted, signal)
    }
    await followChanges(hearing, ear, mark, counts, take, signal)
  } finally {
    stage.end()
    const waiting = await ports.store.openLooks(hearing.scope)
    conclude(counts.report({ target: target.name, mode: target.mode, waiting, warnings }))
  }
}

async function prepare(
  ports: HearingPorts,
  settings: Settings,
  target: TargetSettings,
  run: string,
  signal: AbortSignal,
): Promise<Listening & { readonly warnings: readonly string[] }> {
  const { identity, us } = await identify(ports, signal)
  const scope: TargetScope = { organization: identity.organizationId, target: target.name }
  const { mapping, contacts, warnings } = await fitMapping(ports, settings, target, signal)
  const table = mapping.mode === 'consent' ? mapping.consents : contacts
  const hearing: Hearing = { ...ports, run, scope, settings, target, us, mapping, table }
  const ear = mapping.mode === 'consent' ? slotEar(hearing, mapping.entries) : contactEar(hearing, mapping.columns)
  // A reference that means something only now has rows that were passed over.
  const resolved =
    mapping.mode === 'consent'
      ? mapping.entries.map(({ kind, id }) => `${kind}:${id}`)
      : mapping.columns.map(({ name }) => name)
  const shape = [fingerprints(settings).delivery[target.name], target.reverse.undated, ...resolved.sort()].join(' ')
  const mark = { name: `reverse/${scope.organization}/${scope.target}`, settings: shape }
  const slow = table.changeTracking
    ? []
    : [`table ${table.logicalName} does not track changes: each run reads all of it`]
  return { hearing, ear, mark, counts: new HeardCounts(), warnings: [...warnings, ...slow] }
}

async function keep(
  { hearing, counts }: Listening,
  batch: Batch,
  looks: Parameters<typeof keepBatch>[2],
): Promise<void> {
  counts.quiet(batch.quiet)
  await keepBatch(hearing, batch.sayings, looks, counts)
}

/** What waited for data, for a contact, or for Didomi's side to change. */
async function hearWaiting(listening: Listening, signal: AbortSignal): Promise<void> {
  const { hearing, ear, counts } = listening
  const waiting = await hearing.store.openLooks(hearing.scope)
  const named = (kind: OpenLook['kind']) => waiting.filter((look) => look.kind === kind)
  for (const chunk of chunksOf(named('row'))) {
    signal.throwIfAborted()
    counts.looks += chunk.length
    await keep(
      listening,
      await hearIds(
        listening,
        chunk.map(({ name }) => name),
        signal,
      ),
      chunk,
    )
  }
  for (const chunk of chunksOf(named('place'))) {
    signal.throwIfAborted()
    counts.looks += chunk.length
    const places = chunk.map(({ name }) => name)
    await keep(listening, await ear.hearPlaces(places, signal), chunk)
  }
}

/** Rows that a receiver was told of; those of other tables are another target's. */
async function hearTouched(listening: Listening, touched: readonly TouchedRow[], signal: AbortSignal): Promise<void> {
  const { hearing, counts } = listening
  const own = touched.filter(({ table }) => table === hearing.table.logicalName)
  for (const chunk of chunksOf([...new Set(own.map(({ rowId }) => rowId))])) {
    signal.throwIfAborted()
    counts.looks += chunk.length
    await keep(listening, await hearIds(listening, chunk, signal), [])
  }
}

/** Rows by their ids; of one that is gone, the place that it had. */
async function hearIds(listening: Listening, ids: readonly string[], signal: AbortSignal): Promise<Batch> {
  const { hearing, ear } = listening
  const { dataverse, table } = hearing
  const { rows } = await dataverse.rowsIn(table, ear.select, table.primaryId, ids, signal)
  const there = new Set(rows.map(({ id }) => id))
  await hearDeleted(
    listening,
    ids.filter((id) => !there.has(id)),
    signal,
  )
  return ear.hearRows(rows, signal)
}

/** A consent row that is gone is a refusal (semantics §7); a contact that is gone says nothing. */
async function hearDeleted(listening: Listening, ids: readonly string[], signal: AbortSignal): Promise<void> {
  const { hearing, ear } = listening
  if (hearing.mapping.mode === 'contact') return
  const places = await hearing.store.placesOfRows(hearing.scope, ids)
  for (const chunk of chunksOf(places)) await keep(listening, await ear.hearPlaces(chunk, signal), [])
}

function* chunksOf<T>(all: readonly T[]): Iterable<readonly T[]> {
  for (let at = 0; at < all.length; at += CHUNK) yield all.slice(at, at + CHUNK)
}
