/** A Dataverse that takes what a plan names and nothing else, and how two plans differ. */

import type { Dataverse, RowWrite, TableMetadata, WriteOutcome } from '../dataverse/dataverse.ts'
import { CodedError } from '../lib/errors.ts'

/**
 * Sends the rows that `isPlanned` names. Any other is not sent and answered as not applied, so that its persons stay due:
 * something has changed between the look and the write.
 */
export function onlyPlanned(
  dataverse: Dataverse,
  isPlanned: (table: TableMetadata, row: RowWrite) => boolean,
): Dataverse {
  return {
    ...dataverse,
    async write(table, rows, options, signal) {
      const planned = rows.filter((row) => isPlanned(table, row))
      const sent = planned.length === 0 ? [] : await dataverse.write(table, planned, options, signal)
      const outcomes = new Map(planned.map((row, index) => [row, sent[index]]))
      return rows.map((row): WriteOutcome => outcomes.get(row) ?? { kind: 'again', code: 'not-in-the-plan' })
    },
  }
}

/** `planned` and `now` are names of writes. @throws CodedError `plan-moved` where they are not the same */
export function refuseMoved(planned: ReadonlySet<string>, now: ReadonlySet<string>): void {
  const gone = [...planned].filter((write) => !now.has(write)).length
  const added = [...now].filter((write) => !planned.has(write)).length
  if (gone === 0 && added === 0) return
  throw moved(`${gone} writes of the plan that would not be made any more, and ${added} that it does not name`)
}

/** @throws CodedError `plan-moved` where other settings shaped the plan */
export function refuseOtherSettings(
  planned: { readonly ingest: string; readonly delivery: Readonly<Record<string, string>> },
  now: { readonly ingest: string; readonly delivery: Readonly<Record<string, string>> },
): void {
  const changed = Object.keys(planned.delivery).filter((name) => planned.delivery[name] !== now.delivery[name])
  if (planned.ingest !== now.ingest) throw moved('other settings of reading than the plan was made with')
  if (changed.length > 0) throw moved(`another mapping or policy than the plan was made with (${changed.join(', ')})`)
}

function moved(found: string): CodedError {
  return new CodedError('plan-moved', [
    {
      where: 'apply',
      found,
      expected: 'export, configuration and rows as they were when the plan was made',
      remedy: 'Plan again with --out, and look at it.',
    },
  ])
}
