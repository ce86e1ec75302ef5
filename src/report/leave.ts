/** What a run leaves behind for people: a file of JSON and a page, in a folder, and in a bucket if one is configured. */

import type { ReportSettings } from '../config/settings.ts'
import { CodedError } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import type { ObjectSink } from '../source/object-sink.ts'
import { found, removeOldReports, reportUnwritable, writeReportFile } from './report-file.ts'

export interface LeavingPorts {
  readonly log: Log
  readonly openReportSink?: () => Promise<ObjectSink>
}

/** A bucket that takes no more than a few hundred KiB in this time takes nothing. */
const PUT_MS = 60_000

/**
 * Writes both files and puts them where they go besides. Never throws: the run has been concluded, and whatever keeps its
 * report from being written must not look like a failure of the run. Answers where the page is, or the
 * JSON where none is drawn, if it is anywhere here.
 */
export async function leaveReport(
  { log, openReportSink }: LeavingPorts,
  { directory, page: drawn, keep, prefix }: Omit<ReportSettings, 'to'>,
  report: { readonly run: string },
  drawPage: () => Promise<string>,
): Promise<string | undefined> {
  const { run } = report
  const files = new Map([[`${run}.json`, `${JSON.stringify(report, undefined, 2)}\n`]])
  const page = `${run}.html`
  if (drawn) await attempt(log, run, async () => void files.set(page, await drawPage()))
  let path: string | undefined
  await attempt(log, run, async () => {
    for (const [name, text] of files) {
      // The page comes last, so it is the one that is answered where there is one.
      path = await writeReportFile(directory, name, text)
    }
    await removeOldReports(directory, keep)
  })
  if (openReportSink !== undefined) await attempt(log, run, () => putAll(openReportSink, prefix, files))
  return path
}

async function attempt(log: Log, run: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const coded = error instanceof CodedError && error.code === 'report-unwritable'
    const told = coded ? error : reportUnwritable('the report', `an unexpected ${found(error)}`)
    log.warn({ run, code: told.code }, told.message)
  }
}

/** By a signal of its own: a run that was stopped still has something to say. */
async function putAll(
  openReportSink: () => Promise<ObjectSink>,
  prefix: string,
  files: ReadonlyMap<string, string>,
): Promise<void> {
  const signal = AbortSignal.timeout(PUT_MS)
  try {
    const sink = await openReportSink()
    for (const [name, text] of files) {
      const bytes = new TextEncoder().encode(text)
      await sink.put(`${prefix}${name}`, bytes.length, inOnePiece(bytes), signal)
    }
  } catch (error) {
    throw reportUnwritable('report.to', found(error), { cause: error })
  }
}

async function* inOnePiece(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}
