/** Sends bytes through a transform of Node's, with nothing left open behind. */

import { once } from 'node:events'
import type { Transform } from 'node:stream'

/**
 * Gives what the transform makes of the bytes. Bytes are taken only as fast as the result is consumed; whichever way
 * the iteration ends, the source is closed first. No bytes at all give nothing, without asking the transform (zlib
 * would call them truncated). Errors of the source and of the transform pass as they are.
 *
 * @param onFed is told how many bytes went in, once all have
 */
export async function* through<Out>(
  bytes: AsyncIterable<Uint8Array>,
  transform: Transform,
  onFed: (fedBytes: number) => void = () => {},
): AsyncIterable<Out> {
  const stop = new AbortController()
  const feeding = feed(bytes, transform, stop.signal, onFed)
  try {
    for await (const item of transform) yield item as Out
  } finally {
    stop.abort()
    transform.destroy()
    await feeding
  }
}

/** Never rejects: an error of the source becomes the transform's, which is where the consumer meets it. */
async function feed(
  bytes: AsyncIterable<Uint8Array>,
  transform: Transform,
  stop: AbortSignal,
  onFed: (fedBytes: number) => void,
): Promise<void> {
  let fed = 0
  try {
    for await (const chunk of bytes) {
      if (stop.aborted || transform.destroyed) return
      fed += chunk.length
      if (!transform.write(chunk)) await once(transform, 'drain', { signal: stop })
    }
    onFed(fed)
    if (fed === 0) transform.push(null)
    else transform.end()
  } catch (error) {
    transform.destroy(error instanceof Error ? error : new Error('the source failed', { cause: error }))
  }
}
