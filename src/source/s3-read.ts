/** The bytes of one version of an S3 object. */

import { Readable } from 'node:stream'
import { GetObjectCommand, type GetObjectCommandOutput } from '@aws-sdk/client-s3'

import { defect } from '../lib/errors.ts'
import { ATTEMPTS } from './bucket-patience.ts'
import { chunksOf } from './chunks.ts'
import { beginOf, freshOf, type Reading, readOn, replaced } from './resumed-read.ts'
import type { S3Connection } from './s3-connection.ts'
import { failureOf, mayPass } from './s3-failure.ts'
import { readingError } from './s3-refusal.ts'

/**
 * Reads an object to its end, over as many connections as it takes: each asks for the rest of the same version
 * (`Range`, `If-Match`). Nothing is asked for before the iteration begins, so that a stream nobody reads holds no socket.
 *
 * @throws CodedError `object-damaged`; `source-forbidden` or `source-unreadable` where the trouble is not the object's
 */
export function readObject(
  connection: S3Connection,
  key: string,
  etag: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const reading: Reading = { key, at: 0, total: undefined }
  const resumption = {
    rest: () => rest(connection, reading, etag, signal),
    pause: (error: unknown, troubles: number) => {
      const failure = failureOf(error)
      return mayPass(failure) ? connection.pause(troubles, failure, signal) : undefined
    },
    giveUp: (error: unknown) => readingError(key, error, connection.options),
  }
  return readOn(reading, ATTEMPTS, resumption, signal)
}

/** What is left of the object, over one connection. */
async function* rest(
  connection: S3Connection,
  reading: Reading,
  etag: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const from = reading.at
  const answer = await connection.ask(
    (client, abortSignal) =>
      client.send(
        new GetObjectCommand({
          ...connection.target,
          Key: reading.key,
          IfMatch: etag,
          ...(from > 0 && { Range: `bytes=${from}-` }),
        }),
        { abortSignal },
      ),
    signal,
  )
  const body = answer.Body
  if (!(body instanceof Readable)) defect('source/s3', 'an answer whose body is no stream')
  try {
    yield* freshOf(chunksOf(body, connection, signal), beginIn(answer, reading, etag), reading)
  } finally {
    body.destroy()
  }
}

/** The first byte of an answer, once it is certain that it is of the version and the part that were asked for. */
function beginIn({ ETag, ContentLength, ContentRange }: GetObjectCommandOutput, reading: Reading, etag: string) {
  // Servers that ignore If-Match are found out here.
  if (ETag === undefined || bare(ETag) !== bare(etag)) throw replaced(reading)
  return beginOf({ contentRange: ContentRange, isPart: ContentRange !== undefined, length: ContentLength }, reading)
}

/** S3 quotes ETags in listings and answers; some servers only in one of them. */
const bare = (etag: string): string => etag.replace(/^(W\/)?"?/, '').replace(/"$/, '')
