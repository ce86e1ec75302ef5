/** The port to where exports lie: the least that reading needs of a bucket or a folder. */

import type { Instant } from '../consent/time.ts'
import { CodedError } from '../lib/errors.ts'

/** One object as listed. */
export interface ListedObject {
  /** The whole key, with `/` between its parts and no leading slash added or removed. */
  readonly key: string
  /** In bytes, as stored. */
  readonly size: number
  /** Changes whenever the content is replaced; means nothing else. */
  readonly etag: string
  /** When the object was last replaced. */
  readonly modifiedAt: Instant
}

/**
 * Where objects are listed and read. Every adapter passes `test/contract/object-store.ts`:
 *
 * - `list` yields every object whose key starts with the prefix (any text, not only a folder), sorted by the bytes of
 *   the key, without holding the whole list; it throws `source-unreadable` where the root or bucket cannot be listed;
 * - `open` gives the bytes exactly as stored (never decompressed on the way) of the version with the expected ETag; an
 *   object that was replaced, removed or cannot be read throws `object-damaged`, at the latest at the end of the bytes;
 * - an aborted signal ends both with the signal's reason; leaving the iteration early frees what was open;
 * - a chunk belongs to the caller: it is never written to again.
 */
export interface ObjectStore {
  list(prefix: string, signal: AbortSignal): AsyncIterable<ListedObject>
  open(key: string, expected: { readonly etag: string }, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>
}

/** The error of one object that cannot be read as it was listed. Keys are no personal data and may be named. */
export function objectDamaged(key: string, found: string, options?: ErrorOptions): CodedError {
  return new CodedError(
    'object-damaged',
    [
      {
        where: key,
        found,
        expected: 'the whole object as it was listed',
        remedy: 'Its partition stays pending: run again, and if it stays so have the object delivered anew.',
      },
    ],
    options,
  )
}
