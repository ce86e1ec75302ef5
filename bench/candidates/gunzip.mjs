/** Decompression alone, with chunks that suit it: what no reader in Node on one thread can pass. Counts bytes, not lines. */

import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { partsOf, taskOf, tell } from '../reading.mjs'

const CHUNK_BYTES = 256 * 1024

const { folder } = taskOf()
let bytes = 0
for (const { path } of await partsOf(folder)) {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES })
  gunzip.on('data', (chunk) => {
    bytes += chunk.length
  })
  await pipeline(createReadStream(path, { highWaterMark: CHUNK_BYTES }), gunzip)
}
tell({ bytes })
