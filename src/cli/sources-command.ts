/** `sources status` on the command line: a table or JSON on stdout, alarms as an exit code with `--strict`. */

import { sourcesStatus } from '../../jobs/sources.ts'
import { exitCode } from '../report/exit-code.ts'
import { sourcesText } from '../report/sources-text.ts'
import { type OpeningFlags, withPorts } from './opening.ts'

/** The flags of `sources status` as commander gives them. */
export interface SourcesFlags extends OpeningFlags {
  readonly strict: boolean
}

/** Prints the status and answers the exit code. */
export async function runSourcesStatus(flags: SourcesFlags, version: string): Promise<number> {
  return withPorts(flags, version, async ({ settings, ports, signal }) => {
    const report = await sourcesStatus(ports, settings, signal)
    process.stdout.write(`${flags.json ? JSON.stringify(report) : sourcesText(report)}\n`)
    return exitCode(flags.strict && report.alarms > 0 ? ['retention'] : [])
  })
}
