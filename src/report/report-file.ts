/** The files that a run leaves: its report as JSON, and as a page beside it. */

import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CodedError } from '../lib/errors.ts'

/** A report's name: the run's id, and which of the two it is. */
const NAME = /^(\d{8}T\d{6}-[0-9a-f]{8})\.(json|html)$/

/** Writes whole files or none. @throws CodedError `report-unwritable` */
export async function writeReportFile(folder: string, name: string, text: string): Promise<string> {
  const path = join(folder, name)
  const unfinished = join(folder, `.${name}.unfinished`)
  try {
    await mkdir(folder, { recursive: true })
    await writeFile(unfinished, text)
    await rename(unfinished, path)
    return path
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => {})
    throw reportUnwritable(folder, found(error), { cause: error })
  }
}

/** Removes reports of all runs but the newest `keep`. Other files are nobody's business. */
export async function removeOldReports(folder: string, keep: number): Promise<void> {
  const names = (await readdir(folder)).filter((name) => NAME.test(name))
  const runs = [...new Set(names.map((name) => name.replace(NAME, '$1')))].sort()
  const old = new Set(runs.slice(0, Math.max(0, runs.length - keep)))
  for (const name of names) if (old.has(name.replace(NAME, '$1'))) await rm(join(folder, name), { force: true })
}

/** `where` is a folder or a setting; neither is personal. */
export function reportUnwritable(where: string, found: string, options?: ErrorOptions): CodedError {
  const expected = 'a place that takes reports'
  const remedy = 'Check room and permissions; `runs show RUN --html FILE` draws the page again.'
  return new CodedError('report-unwritable', [{ where, found, expected, remedy }], options)
}

/** An error of the file system by its code; of anything else only the kind, since a message may quote anything. */
export function found(error: unknown): string {
  if (error instanceof CodedError) return error.complaints[0]?.found ?? error.code
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error ? error.name : typeof error
}
