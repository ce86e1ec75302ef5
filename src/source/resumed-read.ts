/** Reading one version of an object over as many connections as it takes, continuing at the right byte. */

import { CodedError } from '../lib/errors.ts'
import { objectDamaged } from './object-store.ts'

/** A connection that gave this much before it broke has earned a full set of attempts for the next part. */
const PROGRESS_BYTES = 1024 * 1024

/** The body ended before the length that was announced. */
class BrokenOff extends Error {
  readonly code = 'ECONNRESET'
}

/** An object being read: `at` bytes were given out, of `total` where an answer told it. */
export interface Reading {
  readonly key: string
  at: number
  total: number | undefined
}

/** What the reader asks its bucket. */
export interface Resumption {
  /** What is left of the object, over one connection. */
  rest(): AsyncIterable<Uint8Array>
  /** The pause before the next connection, after so many troubles in a row; `undefined` where another would not help. */
  pause(error: unknown, troubles: number): Promise<void> | undefined
  /** The error of an object that cannot be read. */
  giveUp(error: unknown): Error
}

/**
 * Reads an object to its end. A connection that breaks is followed by another that asks for the rest, at most
 * `attempts` times without progress.
 */
export async function* readOn(
  reading: Reading,
  attempts: number,
  { rest, pause, giveUp }: Resumption,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let [troubles, troubledAt] = [0, 0]
  for (;;) {
    try {
      yield* rest()
      return
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof CodedError) throw error
      if (reading.at - troubledAt >= PROGRESS_BYTES) troubles = 0
      troubles += 1
      troubledAt = reading.at
      const pausing = troubles < attempts ? pause(error, troubles - 1) : undefined
      if (pausing === undefined) throw giveUp(error)
      await pausing
    }
  }
}

/** An answer that was asked to begin at `reading.at`, as its server describes it. */
export interface Answered {
  /** `bytes A-B/TOTAL` where the answer is a part. */
  readonly contentRange: string | undefined
  readonly isPart: boolean
  /** Of a whole answer. */
  readonly length: number | undefined
}

/**
 * The first byte of an answer, once it is certain to be of the part that was asked for. Servers that ignore a range
 * send the whole object.
 *
 * @throws CodedError `object-damaged` where it is another part, or of another length than before
 */
export function beginOf({ contentRange, isPart, length }: Answered, reading: Reading): number {
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(contentRange ?? '')
  const begin = isPart ? Number(range?.[1]) : 0
  const total = isPart ? Number(range?.[2]) : length
  const fits = (begin === 0 || begin === reading.at) && (reading.total === undefined || total === reading.total)
  if (!fits) throw objectDamaged(reading.key, `an answer to another range than the one from byte ${reading.at}`)
  reading.total = total
  return begin
}

/** The chunks of an answer that begins at `begin`, without what was given out before. */
export async function* freshOf(
  chunks: AsyncIterable<Uint8Array>,
  begin: number,
  reading: Reading,
): AsyncGenerator<Uint8Array> {
  let behind = reading.at - begin
  for await (const chunk of chunks) {
    const fresh = chunk.subarray(Math.min(behind, chunk.length))
    behind -= chunk.length - fresh.length
    if (fresh.length === 0) continue
    reading.at += fresh.length
    yield fresh
  }
  if (reading.total !== undefined && reading.at < reading.total) throw new BrokenOff('the body ended early')
}

/** The error of an object that is another version than the one listed. */
export function replaced({ key, at }: Reading): CodedError {
  return objectDamaged(key, at === 0 ? 'another version: it was replaced' : 'that it was replaced while it was read')
}
