/** Starts the product's ingest as its job does, on a generated export and a given store. */

import { join } from 'node:path'
import { ingest } from '../dist/src/ingest/ingest.js'
import { systemClock } from '../dist/src/lib/clock.js'
import { silentLog } from '../dist/src/lib/log.js'
import { noProgress } from '../dist/src/lib/progress.js'
import { openDirectory } from '../dist/src/source/directory.js'
import { MAX_EXPANSION, PREFIX, READING } from './reading.mjs'

/**
 * Ingests everything and says how many lines that were.
 *
 * @param {import('./reading.mjs').Task} task
 * @param {import('../dist/src/store/store.js').Store} store
 * @returns {Promise<number>}
 */
export async function ingestExport({ folder, work, workers, plain }, store) {
  const report = await ingest(
    { exports: openDirectory(folder), store, clock: systemClock, log: silentLog, progress: noProgress },
    {
      discovery: { prefix: PREFIX, successMarker: 'auto' },
      reading: { reading: READING, maxExpansion: MAX_EXPANSION },
      reader: plain ? 'plain' : 'fast',
      workers,
      archived: false,
      selection: {},
      targets: ['bench'],
      rejectsMaxRatio: 0,
      alarmAfterDays: 5,
      spillFolder: join(work, 'spill'),
    },
    new AbortController().signal,
  )
  for (const { damaged, counts, date } of report.partitions) {
    if (damaged.length > 0 || counts.rejects > 0) throw new Error(`not everything was read of ${date}`)
  }
  return report.partitions.reduce((sum, { counts }) => sum + counts.lines, 0)
}
