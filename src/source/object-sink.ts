/** The port to where objects are kept: an archive. The least that copying needs of a bucket or a folder. */

import { CodedError } from '../lib/errors.ts'

/**
 * Where objects are written. Every adapter passes `test/contract/object-sink.ts`:
 *
 * - `put` writes the object whole or not at all: an error of the bytes, an aborted signal or a number of bytes other
 *   than `size` leaves what lay under the key before (or nothing); an existing object is replaced;
 * - bytes are taken only as fast as they are written;
 * - a key is kept as it is, but for slashes at its start; one that would leave the folder (`..`, an absolute path, a
 *   NUL byte) throws `archive-unwritable`, as does everything that keeps the object from being written.
 */
export interface ObjectSink {
  put(key: string, size: number, bytes: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void>
}

/** The error of an archive that cannot take an object. Keys are no personal data and may be named. */
export function archiveUnwritable(where: string, found: string, options?: ErrorOptions): CodedError {
  return new CodedError(
    'archive-unwritable',
    [
      {
        where,
        found,
        expected: 'an archive that takes every object of the source',
        remedy: 'Check room, permissions and `archive.to`; the partition stays pending until it is archived.',
      },
    ],
    options,
  )
}
