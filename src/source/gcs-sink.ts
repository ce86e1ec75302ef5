/** A Google Cloud Storage bucket as an object sink: an archive. */

import { createHash, type Hash } from 'node:crypto'

import { type GcsAnswer, GcsConnection, type GcsOptions, type GcsRequest } from './gcs-connection.ts'
import { shownCause } from './gcs-failure.ts'
import { writingTrouble } from './gcs-refusal.ts'
import { archiveKey, BrokenSource, contentTypeOf, exactly, type Incoming, whereOf } from './incoming.ts'
import { archiveUnwritable, type ObjectSink } from './object-sink.ts'
import type { SilenceWatch } from './silence.ts'

/** Google: the most that one object holds. */
const MAX_BYTES = 5 * 1024 ** 4

/** Up to this size an object is sent from memory, so that a broken connection can be repeated. */
const WHOLE_BYTES = 2 * 1024 ** 2

/** The answer to an upload describes the object in a few kilobytes. */
const MAX_ANSWER_BYTES = 256 * 1024

/**
 * Opens a bucket for writing. An object above 2 MiB is streamed: what breaks once it is on its way is not repeated.
 * Its length is announced; Google: an object whose bytes do not all arrive is not stored.
 */
export function openGcsSink(options: GcsOptions): ObjectSink & { close(): void } {
  const connection = new GcsConnection(options)
  return {
    put: async (key, size, bytes, signal) => {
      signal.throwIfAborted()
      const incoming = { key: archiveKey(key), size, bytes }
      if (size > MAX_BYTES) {
        throw archiveUnwritable(whereOf(key), `${size} bytes, more than the 5 TiB that Google Cloud Storage takes`)
      }
      await (size <= WHOLE_BYTES ? putWhole : putStream)(connection, incoming, signal)
    },
    close: () => connection.close(),
  }
}

function requestOf(connection: GcsConnection, { key, size }: Incoming): GcsRequest {
  return {
    method: 'POST',
    url: connection.uploadUrl,
    query: { uploadType: 'media', name: key, fields: 'md5Hash,size' },
    headers: { 'content-type': contentTypeOf(key), 'content-length': String(size) },
  }
}

async function putWhole(connection: GcsConnection, incoming: Incoming, signal: AbortSignal): Promise<void> {
  const chunks: Uint8Array[] = []
  for await (const chunk of exactly(incoming, signal)) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  let stored: string
  try {
    stored = await connection.request({ ...requestOf(connection, incoming), body }, MAX_ANSWER_BYTES, signal)
  } catch (error) {
    throw unwritten(connection, incoming, error, signal)
  }
  check(incoming, md5()?.update(body), stored)
}

async function putStream(connection: GcsConnection, incoming: Incoming, signal: AbortSignal): Promise<void> {
  const source = exactly(incoming, signal)
  const sum = md5()
  // Impatience is with the server alone: while the source is waited for, the watch rests.
  async function* watched(watch: SilenceWatch): AsyncGenerator<Uint8Array> {
    for (;;) {
      watch.disarm()
      const next = await source.next().catch((cause: unknown) => {
        throw new BrokenSource('the bytes failed', { cause })
      })
      watch.arm()
      if (next.done === true) return
      sum?.update(next.value)
      yield next.value
    }
  }
  let stored: string
  try {
    const answer: GcsAnswer = await connection.send(requestOf(connection, incoming), watched, signal)
    stored = await connection.textOf(answer.body, MAX_ANSWER_BYTES, signal)
  } catch (error) {
    // Whatever makes the bytes is told that no more are wanted; where all is stopped, nobody waits for it.
    const freed = source.return(undefined).catch(() => {})
    if (!signal.aborted) await freed
    throw unwritten(connection, incoming, error, signal)
  }
  check(incoming, sum, stored)
}

/** `undefined` where the system's rules (FIPS) do not allow it; it finds accidents, it keeps no secret. */
function md5(): Hash | undefined {
  try {
    return createHash('md5')
  } catch {
    return undefined
  }
}

/** Google: the answer to an upload tells the MD5 of what was stored. What stands in for Google may not. */
function check({ key }: Incoming, sent: Hash | undefined, stored: string): void {
  const [, given] = /"md5Hash"\s*:\s*"([\w+/]{22}==)"/.exec(stored) ?? []
  if (sent !== undefined && given !== undefined && given !== sent.digest('base64')) {
    throw archiveUnwritable(whereOf(key), 'other bytes than those that were sent')
  }
}

function unwritten(connection: GcsConnection, { key }: Incoming, error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason
  if (error instanceof BrokenSource) return error.cause
  return archiveUnwritable(
    `archive bucket ${connection.options.bucket}, object ${JSON.stringify(key)}`,
    writingTrouble(error, connection.options),
    { cause: shownCause(error) },
  )
}
