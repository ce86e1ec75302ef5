/** The chunks of an answer, as long as it does not fall silent. */

import type { Readable } from 'node:stream'

import type { Clock } from '../lib/clock.ts'
import { SilenceWatch } from './silence.ts'

/** How long a server may stay silent, and by which clock. */
export interface Patience {
  readonly clock: Clock
  readonly idleMs: number
}

/**
 * Gives the chunks of a body. It is destroyed by the signal (whose reason is thrown), when it falls silent while it is
 * waited for, and however the iteration ends.
 */
export async function* chunksOf(
  body: Readable,
  { clock, idleMs }: Patience,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const stop = () => body.destroy()
  const watch = new SilenceWatch(clock, idleMs, (silence) => body.destroy(silence))
  // Its errors are met by the iteration; those after it concern nobody.
  body.on('error', () => {})
  signal.addEventListener('abort', stop, { once: true })
  try {
    const chunks: AsyncIterator<Uint8Array> = body[Symbol.asyncIterator]()
    for (;;) {
      signal.throwIfAborted()
      // What has arrived is taken without a timer: most chunks of a fast connection.
      if (body.readableLength === 0) watch.arm()
      const next = await chunks.next()
      watch.disarm()
      if (next.done === true) return
      signal.throwIfAborted()
      yield next.value
    }
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    watch.disarm()
    signal.removeEventListener('abort', stop)
    body.destroy()
  }
}
