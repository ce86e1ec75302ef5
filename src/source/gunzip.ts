/** Decompresses a part while it streams, and refuses one that is not whole. */

import { createGunzip } from 'node:zlib'

import { objectDamaged } from './object-store.ts'
import { through } from './through.ts'

/** Measured at more than twice the throughput of zlib's default of 16 KiB. */
const CHUNK_BYTES = 1024 * 1024

/**
 * Decompresses one object of one or several gzip members; an object without any bytes is empty, not damaged.
 *
 * @param key names the object in errors
 * @throws CodedError `object-damaged` where it is not gzip, is truncated, or holds anything after its last member
 */
export async function* gunzip(bytes: AsyncIterable<Uint8Array>, key: string): AsyncIterable<Uint8Array> {
  const inflater = createGunzip({ chunkSize: CHUNK_BYTES })
  let fed = 0
  try {
    yield* through<Uint8Array>(bytes, inflater, (fedBytes) => {
      fed = fedBytes
    })
  } catch (error) {
    throw isZlibError(error) ? objectDamaged(key, `no whole gzip stream (${error.code})`, { cause: error }) : error
  }
  // zlib passes over zero bytes after a member and all that follows them, which could be another member.
  if (fed !== inflater.bytesWritten) throw objectDamaged(key, 'bytes after the last gzip member')
}

function isZlibError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('Z_')
}
