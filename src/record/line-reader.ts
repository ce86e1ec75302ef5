/** Two readers of lines that agree on every line: one parses each whole, one reads only what counts. */

import type { Instant } from '../consent/time.ts'
import { ByteLine } from './byte-line.ts'
import { decide, parseLine } from './line.ts'
import type { LineOutcome, ReadingSettings } from './record.ts'
import { StatedMemo } from './stated-memo.ts'

/**
 * Reads one line, a range of bytes followed by a line's end; it never throws. `latest` is the latest believable
 * instant, clock skew included (semantics §2.4).
 */
export interface LineReader {
  read(bytes: Buffer, start: number, end: number, latest: Instant): LineOutcome
}

/** The reader that others are measured by: every line goes through `JSON.parse`. */
export function plainReader(settings: ReadingSettings): LineReader {
  return { read: (bytes, start, end, latest) => parseLine(bytes.toString('utf8', start, end), settings, latest) }
}

/**
 * Checks the structure of a line on its bytes and parses only what counts. A line out of the common shape goes the
 * plain way, so that the answer is always the plain reader's.
 */
export function fastReader(settings: ReadingSettings): LineReader {
  const plain = plainReader(settings)
  const line = new ByteLine(new StatedMemo())
  return {
    read: (bytes, start, end, latest) =>
      line.read(bytes, start, end) ? decide(line, settings, latest) : plain.read(bytes, start, end, latest),
  }
}
