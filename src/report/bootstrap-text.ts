/** The lines of a run's report that tell of a bootstrap. */

import type { BootstrapReport } from './bootstrap-report.ts'

/** Plain text; one line per fact, nothing personal. */
export function bootstrapLines(report: BootstrapReport): string[] {
  const lines = report.from === 'archive' ? [] : apiLines(report)
  lines.push(
    report.completeAsOf === undefined
      ? `  ! bootstrap: not complete; ${report.from === 'api' ? 'run it again, it goes on where it stopped' : 'see what the archive lacks'}`
      : `  bootstrap: complete; what was lost before ${report.completeAsOf} is known again`,
  )
  return lines
}

function apiLines({
  resumed,
  pages,
  counts,
  changedRecords,
  suppressedRecords,
  tooManyRejects,
}: BootstrapReport & { from: 'api' }): string[] {
  const { lines: users, records, rejects, guests, skipped } = counts
  const lines = [
    `  bootstrap: ${pages} pages${resumed ? ' (resumed)' : ''}, ${users} users = ${records} records + ${rejects} rejects` +
      ` + ${guests} guests + ${skipped} skipped; ${changedRecords} records changed${suppressedText(suppressedRecords)}`,
  ]
  if (tooManyRejects) lines.push(`  ! bootstrap: ${rejects} of ${users} users rejected`)
  return lines
}

/** Behind the records that changed: those that an erasure kept from it. */
export function suppressedText(suppressed = 0): string {
  return suppressed === 0 ? '' : `, ${suppressed} suppressed after an erasure`
}
