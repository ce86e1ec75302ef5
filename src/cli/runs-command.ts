/** `runs list|show` on the command line: tables, texts, JSON, or the page of a run drawn again. */

import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { beganAt, findRun, listRuns } from '../../jobs/runs.ts'
import { parseMigrationReport } from '../migrate/stored-migration.ts'
import { found, reportUnwritable } from '../report/report-file.ts'
import { runListText } from '../report/run-list.ts'
import { parseRunReport } from '../report/stored-report.ts'
import { exitText } from '../report/text.ts'
import type { RunRow } from '../store/store.ts'
import { lookAtStore } from '../wire.ts'
import { openSettings, openVoices } from './opening.ts'
import { pageOf, textOf } from './tell-report.ts'

/** The flags that both have. */
export interface RunsFlags {
  readonly config: string
  readonly json: boolean
  readonly logLevel: string
}

/** Prints runs, newest first. */
export async function runRunsList(flags: RunsFlags & { readonly limit: number }): Promise<number> {
  const runs = await listRuns(await lookAtStore((await settingsOf(flags)).store), flags.limit)
  say(flags.json ? JSON.stringify({ version: 1, runs }) : runListText(runs))
  return 0
}

/** Prints what a run came to, or writes its page; the exit code is that of the look, not of the run. */
export async function runRunsShow(
  id: string | undefined,
  flags: RunsFlags & { readonly html?: string },
): Promise<number> {
  const settings = await settingsOf(flags)
  const { run, earlier } = await findRun(await lookAtStore(settings.store), id)
  if (flags.html !== undefined) await writePage(flags.html, run, earlier, settings)
  if (flags.json) say(JSON.stringify(run.report ?? { run: run.id, job: run.job, startedAt: beganAt(run) }))
  else if (flags.html !== undefined) say(`Written to ${flags.html}.`)
  else say(shown(run))
  return 0
}

type Loaded = Awaited<ReturnType<typeof openSettings>>

function settingsOf(flags: RunsFlags): Promise<Loaded> {
  return openSettings(flags.config, openVoices({ ...flags, quiet: true }).log)
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

const reportOf = (run: RunRow) => parseRunReport(run.report) ?? parseMigrationReport(run.report)

function shown(run: RunRow): string {
  const report = reportOf(run)
  if (report !== undefined) return textOf(report)
  const end = run.exitCode === undefined ? 'has not ended: it is under way, or was killed' : ended(run.exitCode)
  return `Run ${run.id}, ${run.job} of ${beganAt(run)}: ${end}${run.report == null ? '' : '; --json shows its report'}`
}

const ended = (exitCode: number): string => `${exitText(exitCode)} (exit ${exitCode})`

async function writePage(file: string, run: RunRow, earlier: readonly RunRow[], settings: Loaded): Promise<void> {
  const report = reportOf(run)
  if (report === undefined)
    throw reportUnwritable(`runs show ${run.id}`, 'a run without a report that a page could be made of')
  const page = await pageOf(report, earlier, settings)
  try {
    await writeFile(resolve(file), page)
  } catch (error) {
    throw reportUnwritable('--html', found(error), { cause: error })
  }
}
