/** A command that is a run: its id stands in every line of the log, and whoever is to be told of it is told. */

import type { Settings } from '../config/settings.ts'
import { systemClock } from '../lib/clock.ts'
import { CodedError } from '../lib/errors.ts'
import { withFields } from '../lib/log.ts'
import type { RunEnd } from '../notify/alarms.ts'
import { Hooks } from '../notify/hooks.ts'
import { Watch, type Watched } from '../notify/watch.ts'
import { noObserver, type Observer, spanned } from '../observe/observer.ts'
import { Readings } from '../observe/readings.ts'
import { exitCode } from '../report/exit-code.ts'
import { newRunId } from '../report/run.ts'
import { metricsWriter, openObserver } from '../wire.ts'
import { type Opened, type OpeningFlags, openSettings, openVoices, withOpenPorts } from './opening.ts'
import { type AnyReport, tellReport } from './tell-report.ts'

export interface RunCommand {
  readonly command: Watched['command']
  readonly version: string
  /** Looks at the settings before the store is touched. */
  readonly check?: (settings: Settings) => void
}

/**
 * As `withPorts`, for work that ends with a report: leaves and tells it, and answers its exit code. What is wrong with the configuration is told
 * nobody but the operator: until it is read, nobody knows whom to tell.
 */
export async function withRun(
  flags: OpeningFlags,
  { command, version, check = () => {} }: RunCommand,
  work: (opened: Opened, run: string) => Promise<AnyReport>,
): Promise<number> {
  const clock = systemClock
  const run = newRunId(clock)
  let observer: Observer = noObserver
  const { log: bare, progress } = openVoices(flags)
  const pod = flags.pod?.index
  const log = withFields(bare, () => ({ run, ...(pod !== undefined && { pod }), ...observer.ids() }))
  const settings = await openSettings(flags.config, log)
  check(settings)

  const readings = new Readings({ command })
  const opened = await openObserver(process.env, { readings, log, version, instance: String(pod ?? 0) })
  observer = opened
  const hooks = new Hooks({ clock, random: Math.random, log, userAgent: `didomi-dataverse/${version}` })
  const writeMetrics = metricsWriter(settings, readings, command, pod)
  const ports = { clock, log, readings, hooks, ...(writeMetrics && { writeMetrics }) }
  const watch = new Watch(ports, settings, { command, run, version, ...(pod !== undefined && { pod }) })
  watch.began()
  let end: RunEnd = { exitCode: 1, code: 'defect' }
  try {
    const voices = { log, progress, observer }
    const report = await withOpenPorts(settings, voices, flags, version, (all) => {
      const seen = { 'didomi_dataverse.run': run, 'didomi_dataverse.command': command }
      return spanned(observer, 'run', seen, async (span) => {
        const report = await work(all, run)
        await tellReport(all, flags, report)
        span.set({ 'didomi_dataverse.exit_code': report.exitCode })
        return report
      })
    })
    end = { exitCode: report.exitCode, ...(report.job !== 'migrate' && { report }) }
    return report.exitCode
  } catch (error) {
    if (error instanceof CodedError) end = { exitCode: exitCode([error.next]), code: error.code }
    throw error
  } finally {
    // What there is to tell is read before anything is sent. A mistake of ours in telling it is no mistake in the run.
    const told = await Promise.allSettled([watch.ended(end), opened.close()])
    for (const { status } of told) if (status === 'rejected') log.warn({}, 'not everybody could be told of this run')
  }
}
