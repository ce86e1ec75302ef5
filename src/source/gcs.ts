/** A Google Cloud Storage bucket as an object store: a customer's export bucket, an archive, or what stands in for one. */

import { type Instant, MILLISECOND } from '../consent/time.ts'
import { CodedError } from '../lib/errors.ts'
import { GcsConnection, type GcsOptions } from './gcs-connection.ts'
import { readObject } from './gcs-read.ts'
import { listingError } from './gcs-refusal.ts'
import type { ListedObject, ObjectStore } from './object-store.ts'

/** What is asked of each object; Google: other fields are then left out of the answer. */
const FIELDS = 'items(name,size,generation,timeCreated),nextPageToken'

/** Google: a page has at most 1,000 keys of 1,024 bytes, each of which JSON may write with six. */
const MAX_PAGE_BYTES = 16 * 1024 * 1024

/**
 * Opens a bucket for reading; nothing is asked for before the first listing or read. The ETag is the generation, which
 * Google gives to every version of an object. `close` frees the sockets that are kept for reuse.
 */
export function openGcs(options: GcsOptions): ObjectStore & { close(): void } {
  const connection = new GcsConnection(options)
  return {
    list: (prefix, signal) => listBucket(connection, prefix, signal),
    open: async (key, { etag }, signal) => {
      signal.throwIfAborted()
      return readObject(connection, key, etag, signal)
    },
    close: () => connection.close(),
  }
}

/** A page of a listing. */
interface Page {
  readonly objects: readonly ListedObject[]
  readonly nextPageToken?: string
}

/** Lists page by page. Google: in the order of the keys' UTF-8 bytes; an object that goes meanwhile is not missed. */
async function* listBucket(
  connection: GcsConnection,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<ListedObject> {
  let token: string | undefined
  let last: Buffer | undefined
  do {
    const page = await readPage(connection, prefix, token, signal)
    for (const object of page.objects) {
      const bytes = Buffer.from(object.key)
      if (last !== undefined && Buffer.compare(last, bytes) >= 0) {
        throw unreadable(connection.options.bucket, 'keys that are not in order')
      }
      last = bytes
      signal.throwIfAborted()
      yield object
    }
    if (token !== undefined && token === page.nextPageToken) {
      throw unreadable(connection.options.bucket, 'a page that names itself as the next one')
    }
    token = page.nextPageToken
  } while (token !== undefined)
}

async function readPage(
  connection: GcsConnection,
  prefix: string,
  token: string | undefined,
  signal: AbortSignal,
): Promise<Page> {
  const query = {
    fields: FIELDS,
    ...(prefix !== '' && { prefix }),
    ...(token !== undefined && { pageToken: token }),
  }
  let text: string
  try {
    text = await connection.request({ method: 'GET', url: connection.objectsUrl, query }, MAX_PAGE_BYTES, signal)
  } catch (error) {
    signal.throwIfAborted()
    throw listingError(error, connection.options)
  }
  const page = pageOf(text)
  if (page === undefined) throw unreadable(connection.options.bucket, 'an answer that is no list of objects')
  return page
}

/** Reads a page; `undefined` where any part of it is missing or strange. */
function pageOf(text: string): Page | undefined {
  const answer = parsed(text)
  if (typeof answer !== 'object' || answer === null) return undefined
  const { items = [], nextPageToken } = answer as Readonly<Record<string, unknown>>
  if (!Array.isArray(items) || (nextPageToken !== undefined && typeof nextPageToken !== 'string')) return undefined
  const objects = items.flatMap((item) => listed(item) ?? [])
  if (objects.length !== items.length) return undefined
  return { objects, ...(nextPageToken !== undefined && nextPageToken !== '' && { nextPageToken }) }
}

/** Google: 64-bit numbers are texts; a generation is created when the object is replaced, and never changes. */
function listed(item: unknown): ListedObject | undefined {
  if (typeof item !== 'object' || item === null) return undefined
  const { name, size, generation, timeCreated } = item as Readonly<Record<string, unknown>>
  const modifiedAt = instantOf(timeCreated)
  const whole = typeof name === 'string' && isNumber(size) && isNumber(generation) && modifiedAt !== undefined
  return whole ? { key: name, size: Number(size), etag: generation, modifiedAt } : undefined
}

const isNumber = (value: unknown): value is string => typeof value === 'string' && /^\d{1,19}$/.test(value)

function instantOf(value: unknown): Instant | undefined {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isNaN(ms) ? undefined : ms * MILLISECOND
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function unreadable(bucket: string, found: string): CodedError {
  return new CodedError('source-unreadable', [
    {
      where: `bucket ${bucket}`,
      found,
      expected: 'a listing as Google Cloud Storage gives it',
      remedy: 'Check `endpoint`.',
    },
  ])
}
