/** The lines of one part, streamed (semantics §2.1). */

import { type Line, LineSplitter } from './line-splitter.ts'

/**
 * Reads lines in batches, one batch for the lines of one chunk: awaiting each line would cost more than cutting it.
 * Empty batches are not given; errors of the bytes pass as they are.
 *
 * @param maxLineBytes the line's end not counted
 */
export async function* readLineBatches(
  bytes: AsyncIterable<Uint8Array>,
  maxLineBytes: number,
): AsyncIterable<readonly Line[]> {
  const splitter = new LineSplitter(maxLineBytes)
  for await (const chunk of bytes) {
    const lines = splitter.push(chunk)
    if (lines.length > 0) yield lines
  }
  const last = splitter.end()
  if (last.length > 0) yield last
}
