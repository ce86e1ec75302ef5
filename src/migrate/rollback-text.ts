/** What a rollback did, for people at a terminal. */

import type { RollbackReport } from './rollback.ts'

/** What became of the rows that a migration had touched, in words. */
export const FATES = [
  ['deleted', 'opt-ins deleted that the migration had made'],
  ['returned', 'returned to what they were'],
  ['nothingToDo', 'gone already, or never written'],
  ['refusalsKept', 'refusals kept: --delete-refusals takes them back too'],
  ['changedSince', 'kept: somebody has changed them since'],
  ['rejected', 'refused by Dataverse'],
  ['deferred', 'left for the next run'],
] as const satisfies ReadonlyArray<readonly [keyof RollbackReport, string]>

export function rollbackText(report: RollbackReport): string {
  const number = (count: number) => count.toLocaleString('en-US').padStart(12)
  return [
    `Migration to ${report.target}, rollback, run ${report.run}`,
    `${number(report.rows)}  rows that the migration touched`,
    ...FATES.flatMap(([name, text]) => (report[name] === 0 ? [] : [`${number(report[name])}    ${text}`])),
  ].join('\n')
}
