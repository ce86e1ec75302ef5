/** The end of every command that runs: its report told on stdout and left in files. */

import { relative } from 'node:path'
import type { Settings } from '../config/settings.ts'
import type { MigrateReport } from '../migrate/migrate-report.ts'
import { migrateText } from '../migrate/migrate-text.ts'
import type { RollbackReport } from '../migrate/rollback.ts'
import { rollbackText } from '../migrate/rollback-text.ts'
import type { JsonValue } from '../record/record.ts'
import { leaveReport } from '../report/leave.ts'
import { placeNames } from '../report/place-names.ts'
import type { RunReport } from '../report/run-report.ts'
import { reportText } from '../report/text.ts'
import { RUNS_COMPARED } from '../report/trend.ts'
import type { Opened } from './opening.ts'

/** What a run comes to. */
export type AnyReport = RunReport | MigrateReport | RollbackReport

/** No trouble with files changes what the run came to. */
export async function tellReport(
  { settings, ports }: Pick<Opened, 'settings' | 'ports'>,
  { json }: { readonly json: boolean },
  report: AnyReport,
): Promise<void> {
  // What it came to is told first: drawing a page takes a moment, in which a pod may be killed.
  process.stdout.write(`${json ? JSON.stringify(report) : textOf(report)}\n`)
  const draw = async () => {
    const earlier = report.job === 'migrate' ? [] : await ports.store.runs(RUNS_COMPARED)
    return pageOf(report, earlier, settings)
  }
  const path = await leaveReport(ports, settings.report, report, draw)
  if (path !== undefined && !json) process.stdout.write(`  report: ${shownPath(path)}\n`)
}

/** A report for people at a terminal. */
export function textOf(report: AnyReport): string {
  if (report.job !== 'migrate') return reportText(report)
  return report.step === 'rollback' ? rollbackText(report) : migrateText(report)
}

/** Its page. What draws the charts is large, and loaded only now. */
export async function pageOf(
  report: AnyReport,
  earlier: ReadonlyArray<{ readonly report?: JsonValue | undefined }>,
  { targets }: Pick<Settings, 'targets'>,
): Promise<string> {
  const nameOf = placeNames(targets)
  if (report.job === 'migrate') {
    const { migrationPage } = await import('../migrate/migrate-page.ts')
    return migrationPage(report, nameOf)
  }
  const { reportPage } = await import('../report/page/page.ts')
  return reportPage(report, { earlier: earlier.map((one) => one.report), nameOf })
}

/** As short as it can be clicked on. */
function shownPath(path: string): string {
  const here = relative(process.cwd(), path)
  return here.startsWith('..') ? path : here
}
