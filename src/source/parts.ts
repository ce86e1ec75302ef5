/** The lines of one part, streamed (semantics §2.1). */

import { gunzip } from './gunzip.ts'
import { type Line, LineSplitter } from './line-splitter.ts'

/** How the lines of a part are read. */
export interface LineReading {
  /** Names the object in errors. */
  readonly key: string
  readonly gzip: boolean
  /** In bytes, the line's end not counted. */
  readonly maxLineBytes: number
}

/**
 * Reads lines in batches, one batch for the lines of one chunk (of 1 MiB where decompressed): awaiting each line would
 * cost more than cutting it. Empty batches are not given.
 *
 * @throws CodedError `object-damaged` where a compressed part is not whole; errors of the source pass as they are
 */
export async function* readLineBatches(
  bytes: AsyncIterable<Uint8Array>,
  { key, gzip, maxLineBytes }: LineReading,
): AsyncIterable<readonly Line[]> {
  const splitter = new LineSplitter(maxLineBytes)
  for await (const chunk of gzip ? gunzip(bytes, key) : bytes) {
    const lines = splitter.push(chunk)
    if (lines.length > 0) yield lines
  }
  const last = splitter.end()
  if (last.length > 0) yield last
}
