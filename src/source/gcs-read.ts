/** The bytes of one version of an object, over as many connections as it takes. */

import { CodedError } from '../lib/errors.ts'
import { chunksOf } from './gcs-chunks.ts'
import { ATTEMPTS, type GcsAnswer, type GcsConnection } from './gcs-connection.ts'
import { failureOf, mayPass } from './gcs-failure.ts'
import { readingError } from './gcs-refusal.ts'
import { objectDamaged } from './object-store.ts'

/** A connection that gave this much before it broke has earned a full set of attempts for the next part. */
const PROGRESS_BYTES = 1024 * 1024

/** The body ended before the length that was announced. */
class BrokenOff extends Error {
  readonly code = 'ECONNRESET'
}

/** An object being read: `at` bytes were given out, of `total` where an answer told it. */
interface Reading {
  readonly key: string
  readonly generation: string
  at: number
  total: number | undefined
}

/**
 * Reads a generation to its end. A connection that breaks is followed by another that asks for the rest of the same
 * generation, at most `ATTEMPTS` times without progress. Nothing is asked for before the iteration begins, so that a
 * stream nobody reads holds no socket.
 *
 * The bytes are not held against the object's CRC32C: in JavaScript that takes longer than unpacking them. TLS guards
 * the way, and gzip's own checksum the content.
 *
 * @throws CodedError `object-damaged`; `source-forbidden` or `source-unreadable` where the trouble is not the object's
 */
export async function* readObject(
  connection: GcsConnection,
  key: string,
  generation: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  // Google: no object has these names; in an address they would lead elsewhere.
  if (key === '' || key === '.' || key === '..') throw objectDamaged(key, 'a key that cannot be asked for')
  const reading: Reading = { key, generation, at: 0, total: undefined }
  let [troubles, troubledAt] = [0, 0]
  for (;;) {
    try {
      yield* rest(connection, reading, signal)
      return
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof CodedError) throw error
      const failure = failureOf(error)
      if (reading.at - troubledAt >= PROGRESS_BYTES) troubles = 0
      troubles += 1
      troubledAt = reading.at
      if (troubles >= ATTEMPTS || !mayPass(failure)) throw readingError(key, error, connection.options)
      await connection.pause(troubles - 1, failure, signal)
    }
  }
}

/** What is left of the object, over one connection. */
async function* rest(connection: GcsConnection, reading: Reading, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const { key, generation, at: from } = reading
  const answer = await connection.ask(
    {
      method: 'GET',
      url: `${connection.objectsUrl}/${encodeURIComponent(key)}`,
      query: { alt: 'media', generation, ifGenerationMatch: generation },
      headers: {
        // Google: an object that is stored packed would be unpacked on the way to anybody else.
        'accept-encoding': 'gzip',
        ...(from > 0 && { range: `bytes=${from}-` }),
      },
    },
    signal,
  )
  const chunks = chunksOf(answer.body, connection, signal)
  try {
    let behind = from - beginOf(answer, reading)
    for await (const chunk of chunks) {
      const fresh = chunk.subarray(Math.min(behind, chunk.length))
      behind -= chunk.length - fresh.length
      if (fresh.length === 0) continue
      reading.at += fresh.length
      yield fresh
    }
    if (reading.total !== undefined && reading.at < reading.total) throw new BrokenOff('the body ended early')
  } finally {
    answer.body.on('error', () => {}).destroy()
  }
}

/** The first byte of an answer, once it is certain that it is of the version and the part that were asked for. */
function beginOf({ statusCode, headers }: GcsAnswer, reading: Reading): number {
  const { key, generation, at } = reading
  // Servers that ignore both `generation` and its precondition are found out here.
  const given = textOf(headers['x-goog-generation'])
  if (given !== undefined && given !== generation) {
    throw objectDamaged(key, at === 0 ? 'another version: it was replaced' : 'that it was replaced while it was read')
  }
  const stored = textOf(headers['x-goog-stored-content-encoding'])
  if ((stored === 'gzip') !== (textOf(headers['content-encoding']) === 'gzip') && stored !== undefined) {
    throw objectDamaged(key, 'bytes that were packed or unpacked on their way')
  }
  const contentRange = textOf(headers['content-range'])
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(contentRange ?? '')
  // Without a Content-Range the whole object comes, also from servers that ignore Range.
  const begin = statusCode !== 206 ? 0 : range === null ? Number.NaN : Number(range[1])
  const total = statusCode !== 206 ? sizeOf(headers['content-length']) : Number(range?.[2])
  const fits = (begin === 0 || begin === at) && (reading.total === undefined || total === reading.total)
  if (!fits) throw objectDamaged(key, `an answer to another range than the one from byte ${at}`)
  reading.total = total
  return begin
}

const textOf = (header: string | string[] | undefined): string | undefined =>
  typeof header === 'string' ? header : undefined

const sizeOf = (header: string | string[] | undefined): number | undefined =>
  typeof header === 'string' ? Number(header) : undefined
