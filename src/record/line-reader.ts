/** Two readers of lines that agree on every line: one parses each whole, one reads only what counts. */

import type { Instant } from '../consent/time.ts'
import { type Ahead, nothingAhead } from './ahead.ts'
import { ByteLine } from './byte-line.ts'
import type { EntryBytes } from './entry-writer.ts'
import { parseLine, verdictOn } from './line.ts'
import type { Names } from './names.ts'
import type { LineOutcome, ReadingSettings } from './record.ts'

/** What a line came to; a `compact` record is one like any other, as an entry. It belongs to the reader until the next line. */
export type ReadOutcome =
  | LineOutcome
  | { readonly kind: 'compact'; readonly entry: EntryBytes; readonly ignoredEvents: number }

/**
 * Reads one line, a range of bytes followed by a line feed (or a return and one); it never throws. `latest` is the
 * latest believable instant, clock skew included (semantics §2.4).
 */
export interface LineReader {
  read(bytes: Buffer, start: number, end: number, latest: Instant): ReadOutcome
  /**
   * Takes as many lines of this range as are entries at once, one after the other from `start` on, and says how far it
   * came. The range ends behind a line feed; its bytes are not written to any more.
   */
  readAhead(bytes: Buffer, start: number, end: number, latest: Instant, take: (outcome: ReadOutcome) => void): Ahead
}

/** The reader that the other is measured by: every line goes through `JSON.parse`. */
export function plainReader(settings: ReadingSettings): LineReader {
  return {
    read: (bytes, start, end, latest) => parseLine(bytes.toString('utf8', start, end), settings, latest),
    readAhead: (_, start) => nothingAhead(start),
  }
}

/**
 * Checks the structure of a line on its bytes and picks out what counts. A line out of the common shape goes the plain
 * way, so that the answer is always the plain reader's; one on which there is nothing to decide is an entry at once.
 *
 * @param names numbers the names of compact records
 */
export function fastReader(settings: ReadingSettings, names: Names): LineReader {
  const plain = plainReader(settings)
  const line = new ByteLine(settings, names)
  return {
    read(bytes, start, end, latest) {
      if (!line.read(bytes, start, end)) return plain.read(bytes, start, end, latest)
      const usual = line.usualEntry(latest)
      if (usual !== undefined) return { kind: 'compact', entry: usual, ignoredEvents: 0 }
      const verdict = verdictOn(line, settings, latest)
      if (verdict.kind !== 'counted') return verdict
      return { kind: 'compact', entry: line.entry(verdict), ignoredEvents: verdict.ignoredEvents }
    },
    readAhead: (bytes, start, end, latest, take) =>
      line.readAhead(bytes, start, end, latest, (entry) => take({ kind: 'compact', entry, ignoredEvents: 0 })),
  }
}
