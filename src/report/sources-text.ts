/** The answer of `sources status` for people at a terminal. */

import type { PartitionState, PartitionStatus } from '../source/status.ts'
import type { SourcesReport } from './sources-report.ts'

const HEADS = ['EXPORT', 'DATE', 'STATE', 'OBJECTS', 'STORED', 'AGE', 'DELETED IN']

/** Columns that hold numbers stand at the right. */
const NUMBERS = [3, 4, 5, 6]

/** A table with one line for each partition or hole, then what is to be done; an alarm begins with `!`. */
export function sourcesText({ partitions, ignoredFolders }: SourcesReport): string {
  const rows = partitions.map((row) => ({ mark: row.alarm ? '!' : ' ', cells: cellsOf(row) }))
  const widths = HEADS.map((head, column) =>
    rows.reduce((width, { cells }) => Math.max(width, cells[column]?.length ?? 0), head.length),
  )
  const line = (mark: string, cells: readonly string[]) => {
    const padded = cells.map((cell, column) => {
      const width = widths[column] ?? 0
      return NUMBERS.includes(column) ? cell.padStart(width) : cell.padEnd(width)
    })
    return `${mark} ${padded.join('  ')}`.trimEnd()
  }
  return [
    ...(rows.length === 0 ? [] : [line(' ', HEADS), ...rows.map(({ mark, cells }) => line(mark, cells)), '']),
    ...(ignoredFolders.length === 0 ? [] : [`Not read, since they are no users: ${ignoredFolders.join(', ')}.`]),
    ...needs(partitions),
  ].join('\n')
}

function cellsOf({ exportId, date, to, state, objects, bytes, ageDays, expiresInDays }: PartitionStatus): string[] {
  return [
    exportId,
    to === undefined ? date : `${date} to ${to}`,
    state,
    String(objects),
    sizeText(bytes),
    `${ageDays} d`,
    expiresInDays === undefined ? '-' : `${expiresInDays} d`,
  ]
}

function sizeText(bytes: number): string {
  for (const [unit, size] of [
    ['GiB', 1_073_741_824],
    ['MiB', 1_048_576],
    ['KiB', 1_024],
  ] as const)
    if (bytes >= size) return `${(bytes / size).toFixed(1)} ${unit}`
  return `${bytes} B`
}

/** One sentence for each thing that is to be done; that nothing is, is told too. */
function needs(rows: readonly PartitionStatus[]): string[] {
  if (rows.length === 0) return ['No partition is known, and the source has none.']
  const of = (...states: readonly PartitionState[]) => rows.filter(({ state }) => states.includes(state))
  const unread = of('pending', 'changed')
  const late = unread.filter(({ alarm }) => alarm).length
  const gaps = of('gone', 'missing')
  const closers = [...new Set(gaps.flatMap(({ closedBy = [] }) => closedBy))]
  const sentences = [
    late > 0 && `${counted(late, 'partition')} not ingested for too long: run \`didomi-dataverse sync\` now.`,
    unread.length > late && `${counted(unread.length - late, 'partition')} to be read: the next sync does.`,
    of('open').length > 0 && `${counted(of('open').length, 'partition')} not sealed: read once _SUCCESS is there.`,
    gaps.length > 0 &&
      `${counted(gaps.length, 'gap')}: what was chosen then is not known; run \`${closers.join('` or `')}\` to close.`,
  ].filter((sentence) => sentence !== false)
  return sentences.length === 0 ? ['Nothing needs doing.'] : sentences
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`
