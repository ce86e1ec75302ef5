/** The bytes of one version of an object, over as many connections as it takes. */

import { Readable } from 'node:stream'
import { GetObjectCommand, type GetObjectCommandOutput } from '@aws-sdk/client-s3'

import { CodedError, defect } from '../lib/errors.ts'
import { objectDamaged } from './object-store.ts'
import { ATTEMPTS, type S3Connection } from './s3-connection.ts'
import { failureOf, mayPass } from './s3-failure.ts'
import { readingError } from './s3-refusal.ts'
import { SilenceWatch } from './s3-watch.ts'

/** A connection that gave this much before it broke has earned a full set of attempts for the next part. */
const PROGRESS_BYTES = 1024 * 1024

/** The body ended before the length that was announced. */
class BrokenOff extends Error {
  readonly code = 'ECONNRESET'
}

/** An object being read: `at` bytes were given out, of `total` where an answer told it. */
interface Reading {
  readonly key: string
  readonly etag: string
  at: number
  total: number | undefined
}

/**
 * Reads an object to its end. A connection that breaks is followed by another that asks for the rest of the same
 * version (`Range`, `If-Match`), at most `ATTEMPTS` times without progress. Nothing is asked for before the iteration
 * begins, so that a stream nobody reads holds no socket.
 *
 * @throws CodedError `object-damaged`; `source-forbidden` or `source-unreadable` where the trouble is not the object's
 */
export async function* readObject(
  connection: S3Connection,
  key: string,
  etag: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const reading: Reading = { key, etag, at: 0, total: undefined }
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
async function* rest(connection: S3Connection, reading: Reading, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const from = reading.at
  const answer = await connection.ask(
    (client, abortSignal) =>
      client.send(
        new GetObjectCommand({
          ...connection.target,
          Key: reading.key,
          IfMatch: reading.etag,
          ...(from > 0 && { Range: `bytes=${from}-` }),
        }),
        { abortSignal },
      ),
    signal,
  )
  const body = answer.Body
  if (!(body instanceof Readable)) defect('source/s3', 'an answer whose body is no stream')
  try {
    let behind = from - beginOf(answer, reading)
    for await (const chunk of chunksOf(body, connection, signal)) {
      const fresh = chunk.subarray(Math.min(behind, chunk.length))
      behind -= chunk.length - fresh.length
      if (fresh.length === 0) continue
      reading.at += fresh.length
      yield fresh
    }
    if (reading.total !== undefined && reading.at < reading.total) throw new BrokenOff('the body ended early')
  } finally {
    body.destroy()
  }
}

/** The first byte of an answer, once it is certain that it is of the version and the part that were asked for. */
function beginOf({ ETag, ContentLength, ContentRange }: GetObjectCommandOutput, reading: Reading): number {
  const { key, etag, at } = reading
  // Servers that ignore If-Match are found out here.
  if (ETag === undefined || bare(ETag) !== bare(etag)) {
    throw objectDamaged(key, at === 0 ? 'another version: it was replaced' : 'that it was replaced while it was read')
  }
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(ContentRange ?? '')
  // Without a Content-Range the whole object comes, also from servers that ignore Range.
  const begin = ContentRange === undefined ? 0 : range === null ? Number.NaN : Number(range[1])
  const total = range === null ? ContentLength : Number(range[2])
  const fits = (begin === 0 || begin === at) && (reading.total === undefined || total === reading.total)
  if (!fits) throw objectDamaged(key, `an answer to another range than the one from byte ${at}`)
  reading.total = total
  return begin
}

/** The chunks of a body. It is destroyed by the signal, and when it falls silent while it is waited for. */
async function* chunksOf(
  body: Readable,
  { clock, idleMs }: S3Connection,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const stop = () => body.destroy()
  signal.addEventListener('abort', stop, { once: true })
  const watch = new SilenceWatch(clock, idleMs, (silence) => body.destroy(silence))
  try {
    const chunks: AsyncIterator<Uint8Array> = body[Symbol.asyncIterator]()
    for (;;) {
      signal.throwIfAborted()
      // What has arrived is taken without a timer: most chunks of a fast connection.
      if (body.readableLength === 0) watch.arm()
      const next = await chunks.next()
      watch.disarm()
      signal.throwIfAborted()
      if (next.done === true) return
      yield next.value
    }
  } finally {
    watch.disarm()
    signal.removeEventListener('abort', stop)
  }
}

/** S3 quotes ETags in listings and answers; some servers only in one of them. */
const bare = (etag: string): string => etag.replace(/^(W\/)?"?/, '').replace(/"$/, '')
