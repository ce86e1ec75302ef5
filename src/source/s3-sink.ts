/** An S3 bucket as an object sink: an archive. */

import { Readable } from 'node:stream'
import { PutObjectCommand } from '@aws-sdk/client-s3'

import { archiveKey, BrokenSource, contentTypeOf, exactly, type Incoming, whereOf } from './incoming.ts'
import { archiveUnwritable, type ObjectSink } from './object-sink.ts'
import { S3Connection, type S3Options } from './s3-connection.ts'
import { shownCause } from './s3-failure.ts'
import { writingTrouble } from './s3-refusal.ts'
import type { SilenceWatch } from './silence.ts'

/** AWS: the most that one PutObject takes. */
const MAX_BYTES = 5 * 1024 ** 3

/**
 * Up to this size an object is sent from memory, so that a broken connection can be repeated. It is also where the SDK
 * begins to ask before it sends (`Expect: 100-continue`), so that larger ones learn of a redirect with no byte taken.
 */
const WHOLE_BYTES = 2 * 1024 ** 2

/**
 * Opens a bucket for writing. An object above 2 MiB is streamed: what breaks once its first byte was taken is not
 * repeated. AWS: an object whose bytes do not all arrive is not stored.
 */
export function openS3Sink(options: S3Options): ObjectSink & { close(): void } {
  const connection = new S3Connection(options)
  return {
    put: async (key, size, bytes, signal) => {
      signal.throwIfAborted()
      const incoming = { key: archiveKey(key), size, bytes }
      if (size > MAX_BYTES) {
        throw archiveUnwritable(whereOf(key), `${size} bytes, more than the 5 GiB that S3 takes in one piece`)
      }
      await (size <= WHOLE_BYTES ? putWhole : putStream)(connection, incoming, signal)
    },
    close: () => connection.close(),
  }
}

async function putWhole(connection: S3Connection, incoming: Incoming, signal: AbortSignal): Promise<void> {
  const chunks: Uint8Array[] = []
  for await (const chunk of exactly(incoming, signal)) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  try {
    await connection.request(
      (client, abortSignal) => client.send(command(connection, incoming, body), { abortSignal }),
      signal,
    )
  } catch (error) {
    throw unwritten(connection, incoming, error, signal)
  }
}

async function putStream(connection: S3Connection, incoming: Incoming, signal: AbortSignal): Promise<void> {
  const source = exactly(incoming, signal)
  try {
    await connection.request((client, abortSignal, watch) => {
      const send = (body: Readable) => client.send(command(connection, incoming, body), { abortSignal })
      return upload(source, send, watch)
    }, signal)
  } catch (error) {
    // Whatever makes the bytes is told that no more are wanted; where all is stopped, nobody waits for it.
    const freed = source.return(undefined).catch(() => {})
    if (!signal.aborted) await freed
    throw unwritten(connection, incoming, error, signal)
  }
}

/** An upload that failed once a byte was taken: it cannot be repeated. */
class TornUpload extends Error {}

/**
 * Sends what the source gives. Impatience is with the server alone: while the source is waited for, the watch rests.
 * The source is untouched as long as the server asks for no byte, so that `send` may be tried again until then.
 */
function upload(
  source: AsyncGenerator<Uint8Array>,
  send: (body: Readable) => Promise<unknown>,
  watch: SilenceWatch,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let taken = false
    async function* watched(): AsyncGenerator<Uint8Array> {
      taken = true
      try {
        for (;;) {
          watch.disarm()
          const next = await source.next()
          watch.arm()
          if (next.done === true) return
          yield next.value
        }
      } catch (error) {
        reject(new BrokenSource('the bytes failed', { cause: error }))
        throw error
      }
    }
    const body = Readable.from(watched())
    // A stream that is piped on does not hand its error over; it is told above.
    body.on('error', () => {})
    send(body)
      .then(() => resolve())
      .catch((error: unknown) => reject(taken ? new TornUpload('broken off', { cause: error }) : error))
      .finally(() => body.destroy())
  })
}

function command(connection: S3Connection, { key, size }: Incoming, body: Uint8Array | Readable): PutObjectCommand {
  const told = { ContentLength: size, ContentType: contentTypeOf(key) }
  return new PutObjectCommand({ ...connection.target, Key: key, Body: body, ...told })
}

function unwritten(connection: S3Connection, { key }: Incoming, error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason
  if (error instanceof BrokenSource) return error.cause
  const refusal = error instanceof TornUpload ? error.cause : error
  return archiveUnwritable(
    `archive bucket ${connection.options.bucket}, object ${JSON.stringify(key)}`,
    writingTrouble(refusal, connection.options),
    { cause: shownCause(refusal) },
  )
}
