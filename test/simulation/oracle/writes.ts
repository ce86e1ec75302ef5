/** Our own writes in the journal, and whether one replaced what it should not have (semantics §7). */

import { slotOf, type Version } from './environment.ts'
import { optionsOf, possibly } from './guard.ts'
import {
  type ColumnEntry,
  type ConsentColumns,
  type ConsentEntry,
  nameOf,
  type Place,
  US,
  type Violation,
} from './history.ts'
import { toSecond } from './instant.ts'
import { heldBetween, indexAt, type Mapped, type Past, runAt } from './past.ts'
import { isBlank, type Standing, type StandingRow, standingBefore } from './standing.ts'
import { codeOf } from './wanted.ts'

/** One write of a mapped value by us. `replaced`: another, not blank, value stood there. */
export interface OwnWrite extends Mapped {
  readonly index: number
  readonly at: number
  readonly row: string
  readonly kind: Version['kind']
  readonly place: Place
  readonly value: unknown
  readonly optIn: boolean
  readonly replaced: boolean
}

/** All writes of mapped values by us, in the journal's order of rows. */
export function ownWrites(past: Past): OwnWrite[] {
  return (['contact', 'consent'] as const).flatMap((table) =>
    past.timelines[table].flatMap((row) =>
      row.versions
        .filter((version) => version.by === US && version.columns !== undefined)
        .flatMap((version) => {
          const before = row.versions.findLast((other) => other.index < version.index)?.columns
          const spots = table === 'contact' ? columnsIn(past, row.id, version) : slotIn(past, version)
          return spots.map(({ column, ...spot }): OwnWrite => {
            const [was, value] = [before?.[column], version.changed[column]]
            return {
              ...spot,
              index: version.index,
              at: version.at,
              row: row.id,
              kind: version.kind,
              value,
              optIn: value === ('guid' in spot.entry ? 'in' : spot.entry.yes),
              replaced: !isBlank(was) && was !== value,
            }
          })
        }),
    ),
  )
}

interface Spot extends Mapped {
  readonly place: Place
  readonly column: string
}

function columnsIn(past: Past, id: string, version: Version): Spot[] {
  if (past.world.mode !== 'contact') return []
  return past.world.mapping
    .filter((entry: ColumnEntry) => entry.column in version.changed)
    .map((entry) => {
      const place: Place = { table: 'contact', id, column: entry.column }
      return { link: `contact|${id}`, key: entry.key, entry, place, column: entry.column }
    })
}

/** A slot that no mapping names is kept out: `unmappedWrites` reports it. */
function slotIn(past: Past, version: Version): Spot[] {
  if (past.world.mode !== 'cpc' || !('value' in version.changed) || version.columns === undefined) return []
  const row = version.columns as ConsentColumns
  const [channel, address, kind, guid] = (slotOf(version.columns) ?? '').split('|')
  if (row.channel === undefined || address === undefined || guid === undefined) return []
  return past.world.mapping
    .filter((entry: ConsentEntry) => entry.kind === kind && entry.guid.toLowerCase() === guid)
    .filter((entry) => entry.channels === undefined || entry.channels.some((one) => one === channel))
    .map((entry) => {
      const place: Place = { table: 'consent', channel: row.channel ?? 'email', address, kind: entry.kind, guid }
      return { link: `${channel}|${address}`, key: entry.key, entry, place, column: 'value' }
    })
}

/** Why a write of ours was not allowed by the guard; undefined where it was, or may have been. */
export function overwriteReason(past: Past, write: OwnWrite): string | undefined {
  const standing = standingBefore(past, write.place, write.index)
  const stretch = { fromRun: 0, untilRun: runAt(past, write.at), fromIndex: -1, untilIndex: write.index }
  const candidates = heldBetween(past, write, stretch).filter((one) => codeOf(write.entry, one) === write.value)
  if (write.kind === 'create') return recreated(past, write, standing, candidates)
  const row = standing.rows.find((one) => one.id === write.row)
  if (row === undefined || !write.replaced || standing.lastOwn?.value === row.value) return undefined
  if (adopted(past, write, standing) || raced(past, write, standing, row)) return undefined
  // FREEDOM: what somebody said in the time that a restore took back counts again, though no line says it (§7).
  if (past.history.unwound?.includes(nameOf(write.place)) && past.lostAt.some((lost) => lost <= write.at))
    return undefined
  if (candidates.length === 0) return 'we replaced a foreign value by one that no statement known then holds'

  const refusal = candidates[0]?.value === false
  const began = indexAt(past, past.startedAt[runAt(past, write.at)] ?? write.at)
  // Several rows of a slot: a refusal passes where E, the least of all rows, lets it; rows already written count as they were.
  const moments = refusal ? [standing, standingBefore(past, write.place, began)] : [standing]
  const readings = moments.flatMap((moment) =>
    moment.rows
      .filter((one) => one.value !== write.value && (refusal || !isBlank(one.value)))
      .map((one) => optionsOf(past, write, moment, one, write.index)),
  )
  const allowed = candidates.some((one) =>
    refusal
      ? readings.some((options) => possibly(one, options))
      : possibly(one, optionsOf(past, write, standing, row, write.index)),
  )
  if (allowed) return undefined
  return refusal
    ? 'a refusal of ours replaced a foreign opt-in that is certainly newer'
    : 'a write of ours replaced a foreign value that is not certainly older'
}

/** An opt-in put back where somebody had deleted the row of a slot that the ledger knew (§7, "deleted by hand"). */
function recreated(
  past: Past,
  write: OwnWrite,
  standing: Standing,
  candidates: readonly { readonly lo: number }[],
): string | undefined {
  const { goneAt, lastOwn } = standing
  if (goneAt === undefined || lastOwn === undefined || !write.optIn) return undefined
  const { clockToleranceMs, freshnessMs } = past.world.policies
  if (goneAt >= write.at - freshnessMs * 1000) return undefined
  const newer = candidates.some((one) => one.lo > toSecond(goneAt) + clockToleranceMs * 1000)
  return newer || candidates.length === 0 ? undefined : 'we put an opt-in back that somebody had deleted'
}

/** §7, `contact.adopt`: a person's first delivery to a contact may overwrite these columns. */
function adopted(past: Past, write: OwnWrite, standing: Standing): boolean {
  if (past.world.mode !== 'contact' || write.place.table !== 'contact') return false
  return (past.world.adopt ?? []).includes(write.place.column) && standing.lastOwn === undefined
}

/**
 * FREEDOM (§7, "time between reading and writing"): an opt-in that was to follow our own value or to fill nothing may be
 * sent up to `freshness` after the read; refusals may be repeated blindly within their run.
 */
function raced(past: Past, write: OwnWrite, standing: Standing, row: StandingRow): boolean {
  if (row.becameBy === US) return false
  const started = past.startedAt[runAt(past, write.at)] ?? write.at
  if (!write.optIn && !write.key.startsWith('set/')) return row.becameAt >= started
  const free = isBlank(row.previous) || row.previous === standing.lastOwn?.value
  return free && row.becameAt >= write.at - past.world.policies.freshnessMs * 1000
}

/** Consent rows that we wrote and no mapping asks for: "no statement → no row, ever" (§6.5). */
export function unmappedWrites(past: Past): Violation[] {
  if (past.world.mode !== 'cpc') return []
  const known = new Set(ownWrites(past).map((write) => write.index))
  return past.history.journal.flatMap((entry, index) => {
    const ours = entry.table === 'consent' && entry.by === US && entry.kind !== 'delete' && 'value' in entry.columns
    return ours && !known.has(index) ? [{ place: entry.id, reason: 'we wrote a row that no mapping asks for' }] : []
  })
}
