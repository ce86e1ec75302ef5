/** The lines of one part, streamed (semantics §2.1). */

import { type Line, LineSplitter, type ReadAhead } from './line-splitter.ts'

/**
 * Reads lines in batches, one batch for the lines of one chunk: awaiting each line would cost more than cutting it.
 * A batch is to be taken before the next one is asked for; errors of the bytes pass as they are.
 *
 * @param maxLineBytes the line's end not counted
 * @param readAhead reads lines before they are cut: those are in no batch
 */
export async function* readLineBatches(
  bytes: AsyncIterable<Uint8Array>,
  maxLineBytes: number,
  readAhead?: ReadAhead,
): AsyncIterable<Iterable<Line>> {
  const splitter = new LineSplitter(maxLineBytes, readAhead)
  for await (const chunk of bytes) yield splitter.push(chunk)
  yield splitter.end()
}
