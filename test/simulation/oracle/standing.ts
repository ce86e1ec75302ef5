/** What stands at a place before a journal entry: values, who put them there and when, and what we last wrote. */

import { slotOf, type Timeline, type Version, versionBefore } from './environment.ts'
import { nameOf, type Place, US } from './history.ts'
import { instant } from './instant.ts'
import { type Past, runAt } from './past.ts'

/**
 * One row at a place. `became…`: when, by whom and by which entry the present value came; `previous`: the value before it;
 * `saidByOthers`: somebody else once wrote the present value here; `savedByOthersAt`: when somebody else last saved the row;
 * `earlier`: the times before in which the same value stood here.
 */
export interface StandingRow {
  readonly id: string
  readonly value: unknown
  readonly previous: unknown
  readonly saidByOthers: boolean
  readonly savedByOthersAt: number | undefined
  readonly becameAt: number
  readonly becameBy: string
  readonly becameIndex: number
  readonly createdOn: number
  readonly modifiedOn: number
  readonly modifiedBy: string
  readonly unit: string | undefined
  readonly earlier: readonly Stay[]
}

/** How long a value stood: when it came and when another one followed, and the entries that did so. */
export interface Stay {
  readonly cameAt: number
  readonly cameIndex: number
  readonly leftAt: number
  readonly leftIndex: number
}

/**
 * A place. `lastOwn`: our last write of its value since the ledger was last lost; `knownAt`: no later than the last one that
 * we surely know of, as a run that broke off may not know what it wrote. `leftAt`: when rows left it; `goneAt`: when the last
 * one did, where none is there any more.
 */
export interface Standing {
  readonly rows: readonly StandingRow[]
  readonly lastOwn: { readonly value: unknown; readonly at: number; readonly index: number } | undefined
  readonly knownAt: number
  readonly goneAt: number | undefined
  readonly leftAt: readonly number[]
}

/** The place just before the journal entry `index` (∞: at the end). */
export function standingBefore(past: Past, place: Place, index: number): Standing {
  const column = place.table === 'contact' ? place.column : 'value'
  const name = nameOf(place)
  const here = (version: Version): boolean =>
    version.columns !== undefined && (place.table === 'contact' || slotOf(version.columns) === name)
  const lives = past.timelines[place.table]
    .filter((row) => (place.table === 'contact' ? row.id === place.id : row.versions.some(here)))
    .map((row) => ({ ...row, versions: row.versions.filter((version) => version.index < index) }))
    .filter((row) => row.versions.some(here))

  const rows = lives.flatMap((row) => {
    const last = versionBefore(row, index)
    return last !== undefined && here(last) ? [standingRow(row, column)] : []
  })
  const written = lives
    .flatMap((row) => row.versions.filter((version) => version.by === US && here(version) && column in version.changed))
    .filter((version) => !past.lostAt.some((lost) => lost > version.at && lost <= timeOf(past, index)))
    .sort((one, other) => one.index - other.index)
  const last = written.at(-1)
  const known = written.findLast(({ at }) => past.history.runs[runAt(past, at)]?.broken !== true)
  const leftAt = lives.flatMap((row) => departures(row.versions, here))
  return {
    rows,
    leftAt,
    lastOwn: last && { value: last.changed[column], at: last.at, index: last.index },
    knownAt: known?.at ?? Number.NEGATIVE_INFINITY,
    goneAt: rows.length > 0 || leftAt.length === 0 ? undefined : Math.max(...leftAt),
  }
}

/** When a row ceased to be what it was: deleted, perhaps to be made again under the same id, or moved. */
function departures(versions: Timeline['versions'], here: (version: Version) => boolean): number[] {
  return versions.flatMap((version, at) => {
    const before = versions[at - 1]
    return before !== undefined && here(before) && !here(version) ? [version.at] : []
  })
}

/** Null, Not Set or never filled: states nothing (semantics §7). */
export function isBlank(value: unknown): boolean {
  return value === undefined || value === null || value === 'unset' || value === ''
}

function standingRow(row: Timeline, column: string): StandingRow {
  const values = row.versions.map((version) => version.columns?.[column])
  const value = values.at(-1)
  const before = values.findLastIndex((one) => one !== value)
  const became = row.versions[before + 1]
  const first = row.versions[0]
  const last = row.versions.at(-1)
  if (became === undefined || first === undefined || last === undefined)
    throw new Error('a standing row has no version')
  const unit = last.columns?.['unit']
  return {
    id: row.id,
    value,
    previous: before === -1 ? undefined : values[before],
    savedByOthersAt: row.versions.findLast((version) => version.by !== US)?.at,
    saidByOthers: row.versions.some((version) => version.by !== US && version.changed[column] === value),
    becameAt: became.at,
    becameBy: became.by,
    becameIndex: became.index,
    createdOn: first.at,
    modifiedOn: last.at,
    modifiedBy: last.by,
    unit: typeof unit === 'string' ? unit : undefined,
    earlier: staysOf(row.versions.slice(0, before + 1), column, value),
  }
}

function staysOf(versions: Timeline['versions'], column: string, value: unknown): Stay[] {
  const stays: Stay[] = []
  let came: Version | undefined
  for (const version of versions) {
    const holds = version.columns?.[column] === value
    if (came !== undefined && !holds) {
      stays.push({ cameAt: came.at, cameIndex: came.index, leftAt: version.at, leftIndex: version.index })
      came = undefined
    } else if (holds) came ??= version
  }
  return stays
}

function timeOf(past: Past, index: number): number {
  const entry = past.history.journal[index]
  return entry === undefined ? Number.POSITIVE_INFINITY : instant(entry.at)
}
