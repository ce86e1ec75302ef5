/** `evidence check` and `evidence export` on the command line. */

import { resolve } from 'node:path'
import { evidenceCheck, evidenceExport } from '../../jobs/evidence.ts'
import { evidenceText } from '../report/evidence-report.ts'
import { exitCode } from '../report/exit-code.ts'
import { type OpeningFlags, withPorts } from './opening.ts'

/** The flags of `evidence export` as commander gives them. */
export interface EvidenceExportFlags extends OpeningFlags {
  readonly out: string
  readonly reveal: boolean
}

/** Tells what the check found; a log that is not what was written ends with 1. */
export async function runEvidenceCheck(flags: OpeningFlags, version: string): Promise<number> {
  return withPorts(flags, version, async ({ ports, signal }) => {
    const report = await evidenceCheck(ports, signal)
    process.stdout.write(`${flags.json ? JSON.stringify(report) : evidenceText(report)}\n`)
    return exitCode(report.breaks.length > 0 ? ['defect'] : [])
  })
}

/** Writes the log to a file and tells how many entries it holds. */
export async function runEvidenceExport(flags: EvidenceExportFlags, version: string): Promise<number> {
  const { reveal } = flags
  return withPorts(flags, version, async ({ ports, signal }) => {
    const entries = await evidenceExport(ports, { out: resolve(flags.out), reveal }, signal)
    const told = `${entries} entries${reveal ? ', opened: the file holds personal data' : ', sealed'}`
    process.stdout.write(flags.json ? `${JSON.stringify({ version: 1, entries, revealed: reveal })}\n` : `${told}\n`)
    return 0
  })
}
