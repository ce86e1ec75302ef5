/** A run of a migration noted in the store, as every run that writes is. */

import { fromMilliseconds } from '../consent/time.ts'
import { CodedError } from '../lib/errors.ts'
import type { JsonValue } from '../record/record.ts'
import { exitCode } from '../report/exit-code.ts'
import type { MigrationPorts } from './migration.ts'

/** Notes beginning and end, also of a run that ends with an error. */
export async function recorded<Report extends { readonly exitCode: number }>(
  { store, clock }: Pick<MigrationPorts, 'store' | 'clock'>,
  run: string,
  work: () => Promise<Report>,
): Promise<Report> {
  await store.beginRun({ id: run, job: 'migrate', startedAt: fromMilliseconds(clock.now()) })
  const end = (code: number, report: JsonValue) => store.endRun(run, fromMilliseconds(clock.now()), code, report)
  let report: Report
  try {
    report = await work()
  } catch (error) {
    const next = error instanceof CodedError ? error.next : 'defect'
    // The first error is what is told; that the store is the trouble would not be new.
    await end(exitCode([next]), null).catch(() => {})
    throw error
  }
  await end(report.exitCode, JSON.parse(JSON.stringify(report)) as JsonValue)
  return report
}
