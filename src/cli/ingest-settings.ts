/** What adding states needs of the settings, and the check that they are still those the states in the store were read with. */

import { csvMapOf } from '../config/csv-map.ts'
import { fingerprints } from '../config/fingerprint.ts'
import type { Settings } from '../config/settings.ts'
import { BOOTSTRAP_CURSOR, BOOTSTRAPPED_AT } from '../ingest/bookmarks.ts'
import type { IngestSettings } from '../ingest/ingest.ts'
import type { Selection } from '../ingest/selection.ts'
import { CodedError } from '../lib/errors.ts'
import type { Store } from '../store/store.ts'

/** Everything ingest needs beside the selection. */
export function ingestSettingsOf(settings: Settings, selection: Selection): IngestSettings {
  const { source, reading, targets, rejects, retention, store } = settings
  return {
    discovery: { prefix: source.prefix, successMarker: source.successMarker },
    reading: { reading, csv: csvMapOf(source), maxExpansion: source.maxExpansion },
    workers: source.workers,
    selection,
    targets: targets.map(({ name }) => name),
    rejectsMaxRatio: rejects.maxRatio,
    alarmAfterDays: retention.alarmAfterDays,
    ...(retention.days !== undefined && { retentionDays: retention.days }),
    archived: settings.archive !== undefined,
    spillFolder: store.spillFolder,
  }
}

/**
 * After a change of what shapes ingest, states would mix two readings (semantics §8.6). With `rebuild` all states are
 * forgotten, and that a bootstrap gave some of them, and the present settings hold from now on.
 * @throws CodedError `rebuild-needed`
 */
export async function checkIngestSettings(store: Store, settings: Settings, rebuild: boolean): Promise<void> {
  const { ingest } = fingerprints(settings)
  const before = await store.fingerprint('ingest')
  if (rebuild) {
    // First: a bootstrap that went on from its cursor would never read again what is forgotten now.
    for (const bookmark of [BOOTSTRAP_CURSOR, BOOTSTRAPPED_AT]) await store.setBookmark(bookmark, undefined)
    await store.forgetStates()
  } else if (before !== undefined && before !== ingest && (await store.countStates()) > 0) {
    throw new CodedError('rebuild-needed', [
      {
        where: 'identity, regulations, clockSkew or source.csv',
        found: 'other settings than those the states in the store were read with',
        expected: 'the same settings, or a rebuild',
        remedy:
          'Take the change back, or run once with --rebuild: `sync` over a complete archive as `source`, or `bootstrap`.',
      },
    ])
  }
  if (before !== ingest) await store.setFingerprint('ingest', ingest)
}
