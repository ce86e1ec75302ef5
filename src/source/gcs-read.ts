/** The bytes of one generation of an object in Google Cloud Storage. */

import { ATTEMPTS } from './bucket-patience.ts'
import { chunksOf } from './chunks.ts'
import type { GcsAnswer, GcsConnection } from './gcs-connection.ts'
import { failureOf, mayPass } from './gcs-failure.ts'
import { readingError } from './gcs-refusal.ts'
import { objectDamaged } from './object-store.ts'
import { beginOf, freshOf, type Reading, readOn, replaced } from './resumed-read.ts'

/**
 * Reads a generation to its end, over as many connections as it takes: each asks for the rest of the same generation.
 * Nothing is asked for before the iteration begins, so that a stream nobody reads holds no socket.
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
  const reading: Reading = { key, at: 0, total: undefined }
  const resumption = {
    rest: () => rest(connection, reading, generation, signal),
    pause: (error: unknown, troubles: number) => {
      const failure = failureOf(error)
      return mayPass(failure) ? connection.pause(troubles, failure, signal) : undefined
    },
    giveUp: (error: unknown) => readingError(key, error, connection.options),
  }
  yield* readOn(reading, ATTEMPTS, resumption, signal)
}

/** What is left of the object, over one connection. */
async function* rest(
  connection: GcsConnection,
  reading: Reading,
  generation: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { key, at: from } = reading
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
  try {
    const begin = beginIn(answer, reading, generation)
    yield* freshOf(chunksOf(answer.body, connection, signal), begin, reading)
  } finally {
    answer.body.on('error', () => {}).destroy()
  }
}

/** The first byte of an answer, once it is certain that it is of the version and the part that were asked for. */
function beginIn({ statusCode, headers }: GcsAnswer, reading: Reading, generation: string): number {
  // Servers that ignore both `generation` and its precondition are found out here.
  const given = textOf(headers['x-goog-generation'])
  if (given !== undefined && given !== generation) throw replaced(reading)
  const stored = textOf(headers['x-goog-stored-content-encoding'])
  if ((stored === 'gzip') !== (textOf(headers['content-encoding']) === 'gzip') && stored !== undefined) {
    throw objectDamaged(reading.key, 'bytes that were packed or unpacked on their way')
  }
  const answered = {
    contentRange: textOf(headers['content-range']),
    isPart: statusCode === 206,
    length: sizeOf(headers['content-length']),
  }
  return beginOf(answered, reading)
}

const textOf = (header: string | string[] | undefined): string | undefined =>
  typeof header === 'string' ? header : undefined

const sizeOf = (header: string | string[] | undefined): number | undefined =>
  typeof header === 'string' ? Number(header) : undefined
