/** The end of every command that runs: its report told on stdout and left in files. */

import { relative } from 'node:path'
import { leaveReport } from '../report/leave.ts'
import { placeNames } from '../report/place-names.ts'
import type { RunReport } from '../report/run-report.ts'
import { reportText } from '../report/text.ts'
import type { Opened } from './opening.ts'

/** No trouble with files changes what the run came to. */
export async function tellReport(
  { settings, ports }: Pick<Opened, 'settings' | 'ports'>,
  { json }: { readonly json: boolean },
  report: RunReport,
): Promise<void> {
  // What it came to is told first: drawing a page takes a moment, in which a pod may be killed.
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : `${reportText(report)}\n`)
  const path = await leaveReport(ports, settings.report, report, placeNames(settings.targets))
  if (path !== undefined && !json) process.stdout.write(`  report: ${shownPath(path)}\n`)
}

/** As short as it can be clicked on. */
function shownPath(path: string): string {
  const here = relative(process.cwd(), path)
  return here.startsWith('..') ? path : here
}
