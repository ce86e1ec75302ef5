/** The metrics as a Prometheus text file, for the textfile collector of node_exporter. Loaded where the settings name one. */

import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { Gauge, Registry } from 'prom-client'
import { METRIC_NAMES, METRICS, type MetricName, prometheusName } from './metrics.ts'
import type { Readings } from './readings.ts'

/** What a run that did not succeed knows nothing of, and must not wipe out. */
const KEPT: readonly MetricName[] = ['last_success.time']

/**
 * Replaces the file in one step, readable by everybody: it holds counts, names of settings and times. What was kept of
 * runs before stays. `labels` are added to every line.
 */
export async function writeTextFile(
  path: string,
  readings: Readings,
  labels: Readonly<Record<string, string>>,
): Promise<void> {
  const text = await metricsText(readings, labels)
  const before = await readFile(path, 'utf8').catch(() => '')
  const kept = KEPT.filter((name) => readings.of(name).length === 0).flatMap((name) =>
    linesOf(prometheusName(name), before),
  )
  const draft = `${path}.${process.pid}.tmp`
  try {
    await writeFile(draft, [text.trimEnd(), ...kept, ''].join('\n'))
    // Whoever scrapes it is another user, whatever this one's umask says.
    await chmod(draft, 0o644)
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}

async function metricsText(readings: Readings, labels: Readonly<Record<string, string>>): Promise<string> {
  const registry = new Registry()
  registry.setDefaultLabels(labels)
  for (const name of METRIC_NAMES) {
    const all = readings.of(name)
    if (all.length === 0) continue
    const labelNames = Object.keys(all[0]?.labels ?? {})
    const gauge = new Gauge({ name: prometheusName(name), help: METRICS[name].help, labelNames, registers: [registry] })
    for (const { labels: own, value } of all) gauge.set(own, value)
  }
  return registry.metrics()
}

/** The lines of one metric: what it is, and its values. */
function linesOf(name: string, text: string): string[] {
  return text.split('\n').filter((line) => new RegExp(`^(# (HELP|TYPE) )?${name}[ {]`).test(line))
}

/** `…/didomi-dataverse.prom` → `…/didomi-dataverse.sync.prom`, `…/didomi-dataverse.sync.3.prom`: who writes a file has it alone. */
export function textFileOf(path: string, command: string, pod: number | undefined): string {
  return path.replace(/\.prom$/, `.${[command, ...(pod === undefined ? [] : [pod])].join('.')}.prom`)
}
