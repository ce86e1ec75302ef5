/** An S3 bucket as an object store: Didomi's export bucket, an archive, or any server that speaks S3. */

import { type _Object, ListObjectsV2Command, type ListObjectsV2CommandOutput } from '@aws-sdk/client-s3'

import { MILLISECOND } from '../consent/time.ts'
import { CodedError } from '../lib/errors.ts'
import type { ListedObject, ObjectStore } from './object-store.ts'
import { S3Connection, type S3Options } from './s3-connection.ts'
import { readObject } from './s3-read.ts'
import { listingError } from './s3-refusal.ts'

/**
 * Opens a bucket for reading; nothing is asked for before the first listing or read. ETags are S3's. `close` frees the
 * sockets that are kept for reuse.
 */
export function openS3(options: S3Options): ObjectStore & { close(): void } {
  const connection = new S3Connection(options)
  return {
    list: (prefix, signal) => listBucket(connection, prefix, signal),
    open: async (key, { etag }, signal) => {
      signal.throwIfAborted()
      return readObject(connection, key, etag, signal)
    },
    close: () => connection.close(),
  }
}

/** Lists page by page (AWS: at most 1,000 keys each). An object that goes between two pages is not missed. */
async function* listBucket(
  connection: S3Connection,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<ListedObject> {
  const { bucket } = connection.options
  let token: string | undefined
  let last: Buffer | undefined
  do {
    const page = await readPage(connection, prefix, token, signal)
    for (const { bytes, object } of inOrder(page, bucket)) {
      if (last !== undefined && Buffer.compare(last, bytes) >= 0) {
        throw unreadable(bucket, 'pages of keys that are not in order', 'Directory buckets cannot be a source.')
      }
      last = bytes
      signal.throwIfAborted()
      yield object
    }
    token = page.NextContinuationToken
    if (page.IsTruncated === true && token === undefined) {
      throw unreadable(bucket, 'a page that says there are more, but not how to get them', 'Check `endpoint`.')
    }
  } while (token !== undefined)
}

async function readPage(
  connection: S3Connection,
  prefix: string,
  token: string | undefined,
  signal: AbortSignal,
): Promise<ListObjectsV2CommandOutput> {
  const input = {
    ...connection.target,
    // AWS: a key may hold what XML cannot; so encoded, every key arrives as it is.
    EncodingType: 'url' as const,
    ...(prefix !== '' && { Prefix: prefix }),
    ...(token !== undefined && { ContinuationToken: token }),
  }
  try {
    return await connection.request(
      (client, abortSignal) => client.send(new ListObjectsV2Command(input), { abortSignal }),
      signal,
    )
  } catch (error) {
    signal.throwIfAborted()
    throw listingError(error, connection.options)
  }
}

/** The objects of a page in the order of their keys' bytes; some servers order a page otherwise. */
function inOrder(page: ListObjectsV2CommandOutput, bucket: string) {
  const encoded = page.EncodingType === 'url'
  return (page.Contents ?? [])
    .map((entry) => listed(entry, encoded, bucket))
    .map((object) => ({ bytes: Buffer.from(object.key), object }))
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes))
}

function listed({ Key, Size, ETag, LastModified }: _Object, encoded: boolean, bucket: string): ListedObject {
  const key = encoded && Key !== undefined ? decoded(Key) : Key
  if (key === undefined || Size === undefined || ETag === undefined || LastModified === undefined) {
    throw unreadable(bucket, 'an object without a readable key, size, ETag or date', 'Check `endpoint`.')
  }
  return { key, size: Size, etag: ETag, modifiedAt: LastModified.getTime() * MILLISECOND }
}

/** AWS: encoded as in a form, a blank may be a plus. */
function decoded(key: string): string | undefined {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

function unreadable(bucket: string, found: string, remedy: string): CodedError {
  return new CodedError('source-unreadable', [
    { where: `bucket ${bucket}`, found, expected: 'a listing as S3 gives it', remedy },
  ])
}
