/** Checked settings as written → settings as used: quantities in numbers, paths absolute, secrets wrapped. */

import { MILLISECOND } from '../consent/time.ts'
import { defect } from '../lib/errors.ts'
import { buildAuthentication, buildInstance, type TargetSurroundings } from './authentication-build.ts'
import type { IntegrationDocument } from './document.ts'
import { present } from './present.ts'
import { parseDurationMs, parseSizeBytes } from './quantity.ts'
import { buildReport } from './report-build.ts'
import { canonicalId, optionsOf } from './rules.ts'
import type { WrittenSettings, WrittenTarget } from './schema.ts'
import type { MappingEntry, Settings, TargetSettings } from './settings.ts'
import { buildDidomi, buildLocation, buildSource, sourceDeletesAfterDays } from './source-build.ts'
import { buildStore } from './store-build.ts'
import { buildWatch } from './watch-build.ts'
import { buildWebhook } from './webhook-build.ts'

/** Everything but the targets and the warnings; relative paths lie in `folder`, `cores` of the machine run at once. */
export function buildFileSettings(
  written: WrittenSettings,
  folder: string,
  cores: number,
): Omit<Settings, 'targets' | 'warnings'> {
  const { source, archive, didomi, store, identity, regulations, clockSkew, maxLineBytes, lookup } = written
  const { events, rejects, quarantine, retention, evidence, catalogue, migration, reverse, report } = written
  const keptIn = buildStore(store, folder)
  return present({
    source: buildSource(source, folder, cores),
    archive: archive && { to: buildLocation(archive.to, folder) },
    didomi: didomi && buildDidomi(didomi),
    report: buildReport(report, keptIn, folder),
    store: keptIn,
    reading: {
      normalise: identity.normalise,
      regulations: regulations.map((regulation) => regulation.toLowerCase()),
      clockSkew: durationMs(clockSkew) * MILLISECOND,
      maxLineBytes: parseSizeBytes(maxLineBytes) ?? defect('config/build', 'a size that the schema let through'),
    },
    events,
    rejects,
    quarantine,
    retention: present({ ...retention, days: retention.days ?? sourceDeletesAfterDays(source) }),
    evidence,
    catalogue,
    migration: present({
      ...migration,
      pairs: migration.pairs.map((pair) => present({ ...pair, to: pair.to.map(canonicalId) })),
    }),
    reverse: present({ ...reverse, webhook: reverse.webhook && buildWebhook(reverse.webhook, folder) }),
    ...buildWatch(written, folder),
    lookup: Object.fromEntries(Object.entries(lookup).map(([id, reference]) => [id, present(reference)])),
  })
}

/** One target, whose rules all hold. */
export function buildTarget(
  written: WrittenTarget,
  document: IntegrationDocument,
  documentRepairs: readonly string[],
  surroundings: TargetSurroundings,
): TargetSettings {
  const {
    authentication: _,
    integration,
    entryOptions,
    clockTolerance,
    freshness,
    timeout,
    batchTarget,
    ...rest
  } = written
  const instance = buildInstance(written, document)
  return present({
    ...rest,
    mode: document.mode,
    entries: document.entries.map((entry) => completeEntry(entry, written)),
    upsert: document.upsert,
    documentRepairs,
    instance,
    authentication: buildAuthentication(written, document, instance, surroundings),
    clockToleranceMicros: durationMs(clockTolerance) * MILLISECOND,
    freshnessMs: durationMs(freshness),
    timeoutMs: durationMs(timeout),
    batchTargetMs: durationMs(batchTarget),
  })
}

/** The document's entry, completed and overridden by the settings' options for its id. */
function completeEntry(entry: MappingEntry, written: WrittenTarget): MappingEntry {
  return { ...entry, ...present(optionsOf(written, entry.id) ?? {}), id: canonicalId(entry.id) }
}

function durationMs(text: string): number {
  return parseDurationMs(text) ?? defect('config/build', 'a duration that the schema let through')
}
