/** The state store filled from elsewhere than new partitions: Didomi's users, or an archive of partitions (semantics §3, §8.5, §8.6). */

import * as z from 'zod'
import { personId } from '../consent/person-id.ts'
import { stateOf, stateText } from '../consent/state.ts'
import { formatInstant, fromMilliseconds } from '../consent/time.ts'
import type { Didomi, UserPage } from '../didomi/didomi.ts'
import type { Log } from '../lib/log.ts'
import { keysMadeKnown } from '../mapping/known-ids.ts'
import { parseUser } from '../record/line.ts'
import type { ReadingSettings } from '../record/record.ts'
import type { ApiBootstrapReport } from '../report/bootstrap-report.ts'
import type { IngestReport } from '../report/ingest-report.ts'
import type { StateRow, Store } from '../store/store.ts'
import { BOOTSTRAP_CURSOR, BOOTSTRAPPED_AT } from './bookmarks.ts'
import type { IngestPorts } from './group.ts'
import { type IngestSettings, ingest } from './ingest.ts'
import { StateJoiner } from './joiner.ts'

export interface BootstrapPorts extends Omit<IngestPorts, 'exports'> {
  readonly didomi: Didomi
}

export interface BootstrapSettings {
  /** Whose users these are (API and organization): a cursor of others leads nowhere. */
  readonly of: string
  readonly reading: ReadingSettings
  /** Names of all targets: their persons become due. */
  readonly targets: readonly string[]
  readonly rejectsMaxRatio: number
  /** Forget where an earlier bootstrap stopped. */
  readonly restart: boolean
}

/** Joined states are kept, and then the cursor, after this many pages: a kill costs reading so many again. */
const PAGES_KEPT_AT_ONCE = 20

/** Rejected users that the log tells, by page and place; all of them are counted. */
const REJECTS_TOLD = 10

const keptPlace = z.object({ of: z.string(), cursor: z.string(), began: z.string() })

/**
 * Reads every user of the organization. States are durable before the cursor that follows them is kept, and joining again
 * changes nothing, so a run that ends anywhere loses nothing: the next one goes on at the cursor.
 *
 * @param tell is told what was done, also where the bootstrap stops early
 * @throws CodedError `didomi-forbidden`, `didomi-unavailable`; the signal's reason when aborted
 */
export async function bootstrapFromApi(
  { didomi, store, clock, log, progress }: BootstrapPorts,
  settings: BootstrapSettings,
  tell: (report: ApiBootstrapReport) => void,
  signal: AbortSignal,
): Promise<void> {
  const kept = settings.restart ? undefined : await placeIn(store, settings.of)
  if (kept === undefined) await store.setBookmark(BOOTSTRAP_CURSOR, undefined)
  const began = kept?.began ?? formatInstant(fromMilliseconds(clock.now()))
  const joiner = await StateJoiner.open(store, {
    targets: settings.targets,
    dueAll: false,
    spelling: settings.reading.normalise,
  })
  const reader = new UserReader(settings.reading, log)
  const stage = progress.stage('bootstrap')
  let cursor = kept?.cursor
  let complete = false
  const keep = async () => {
    await joiner.flush()
    if (cursor === undefined) return
    const place: z.infer<typeof keptPlace> = { of: settings.of, cursor, began }
    await store.setBookmark(BOOTSTRAP_CURSOR, JSON.stringify(place))
  }
  try {
    do {
      const page = await didomi.users(cursor, signal)
      const rows = reader.read(page)
      await joiner.add(rows, new Set(rows.flatMap(({ state }) => [...keysMadeKnown(state)])))
      cursor = page.cursor
      stage.advance(page.users.length)
      if (reader.pages % PAGES_KEPT_AT_ONCE === 0) await keep()
    } while (cursor !== undefined)
    await joiner.flush()
    await store.setBookmark(BOOTSTRAPPED_AT, began)
    await store.setBookmark(BOOTSTRAP_CURSOR, undefined)
    complete = true
  } finally {
    try {
      if (!complete) await keep()
    } finally {
      stage.end()
      tell({
        ...reader.figures(settings.rejectsMaxRatio),
        resumed: kept !== undefined,
        changedRecords: joiner.changed,
        ...(joiner.suppressed > 0 && { suppressedRecords: joiner.suppressed }),
        ...(complete ? { completeAsOf: began } : {}),
      })
    }
  }
}

/** The place an earlier bootstrap kept, unless it was one of other users. */
async function placeIn(store: Store, of: string): Promise<z.infer<typeof keptPlace> | undefined> {
  const text = await store.bookmark(BOOTSTRAP_CURSOR)
  const place = text === undefined ? undefined : keptPlace.parse(JSON.parse(text))
  return place?.of === of ? place : undefined
}

/** Users into states, counted: each is exactly one of record, reject, guest, skipped (semantics §8.4). */
class UserReader {
  readonly #reading: ReadingSettings
  readonly #log: Log
  readonly #counts = { lines: 0, records: 0, rejects: 0, guests: 0, skipped: 0, ignoredEvents: 0 }
  pages = 0

  constructor(reading: ReadingSettings, log: Log) {
    this.#reading = reading
    this.#log = log
  }

  /** What was read so far. */
  figures(rejectsMaxRatio: number): Pick<ApiBootstrapReport, 'from' | 'pages' | 'counts' | 'tooManyRejects'> {
    const { lines, rejects } = this.#counts
    const tooManyRejects = lines > 0 && rejects / lines > rejectsMaxRatio
    return { from: 'api', pages: this.pages, counts: { ...this.#counts }, tooManyRejects }
  }

  /** A user of the API is a line without events; the answer's `Date` bounds its time (semantics §2.4). */
  read({ users, answeredAt }: UserPage): StateRow[] {
    this.pages += 1
    const latest = answeredAt + this.#reading.clockSkew
    const rows: StateRow[] = []
    for (const [index, user] of users.entries()) {
      const outcome = parseUser({ user }, this.#reading, latest)
      this.#counts.lines += 1
      switch (outcome.kind) {
        case 'record': {
          this.#counts.records += 1
          const { ouid, userId } = outcome.record
          rows.push({ person: personId(ouid), ouid, userId, state: stateText(stateOf(outcome.record)) })
          break
        }
        case 'reject':
          this.#counts.rejects += 1
          if (this.#counts.rejects <= REJECTS_TOLD)
            this.#log.warn({ page: this.pages, place: index + 1, code: outcome.code }, 'user rejected')
          break
        case 'guest':
          this.#counts.guests += 1
          break
        case 'skipped':
          this.#counts.skipped += 1
      }
    }
    return rows
  }
}

/**
 * Ingests what the archive holds and the store does not know. Complete is it only where nothing is damaged or unsealed
 * and no date is missing: an archive closes a gap by holding its dates, not by being read.
 */
export async function bootstrapFromArchive(
  ports: IngestPorts,
  settings: IngestSettings,
  signal: AbortSignal,
): Promise<{ readonly report: IngestReport; readonly completeAsOf: string | undefined }> {
  const began = formatInstant(fromMilliseconds(ports.clock.now()))
  const { goneDates, overdue: _overdue, pending: _pending, ...report } = await ingest(ports, settings, signal)
  const { partitions, open, missingDates } = report
  const lacks = goneDates.length + open.length + missingDates.length
  const complete = lacks === 0 && partitions.every(({ damaged }) => damaged.length === 0)
  if (complete) await ports.store.setBookmark(BOOTSTRAPPED_AT, began)
  // What the archive lacks may still lie in the source, and nobody deletes from an archive: those alarms are sync's.
  return { report: { ...report, goneDates: [], overdue: [], pending: [] }, completeAsOf: complete ? began : undefined }
}
