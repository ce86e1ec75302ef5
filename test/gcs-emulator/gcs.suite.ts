/**
 * The Google Cloud Storage adapter against an emulator that nobody here wrote, filled by Google's own library.
 *
 * Left out, because the emulator does otherwise than Google:
 * - it makes every bucket that it is asked for, so the missing one is at an address where it has none at all;
 * - it ignores `generation` and its precondition: a replaced object is found out by the generation in the answer, not by
 *   404 or 412 (those are in `test/integration/source-gcs-read.test.ts`);
 * - it orders keys by their UTF-16 units, so no key beyond the Basic Multilingual Plane is listed here;
 * - it knows no permissions, no project that pays, and no `fields`.
 */

import { createGunzip, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { systemClock } from '../../src/lib/clock.ts'
import { openGcs } from '../../src/source/gcs.ts'
import { openGcsSink } from '../../src/source/gcs-sink.ts'
import { through } from '../../src/source/through.ts'
import { objectSinkContract } from '../contract/object-sink.ts'
import { collect, objectStoreContract } from '../contract/object-store.ts'
import { type GcsEmulator, startGcsEmulator } from './emulator.ts'

let emulator: GcsEmulator
beforeAll(async () => {
  emulator = await startGcsEmulator()
})
afterAll(() => emulator.close())

const never = (): AbortSignal => new AbortController().signal
const optionsOf = (bucket: string) => ({ bucket, endpoint: emulator.endpoint, clock: systemClock })

objectStoreContract('gcs, firebase-tools', async () => {
  const { bucket, put, remove } = emulator.makeBucket()
  const store = openGcs(optionsOf(bucket))
  const missing = openGcs({ ...optionsOf(bucket), endpoint: `${emulator.endpoint}/nowhere` })
  return {
    store,
    missing,
    put,
    remove,
    close: async () => {
      store.close()
      missing.close()
    },
  }
})

objectSinkContract('gcs, firebase-tools', async () => {
  const { bucket, read } = emulator.makeBucket()
  const [sink, store] = [openGcsSink(optionsOf(bucket)), openGcs(optionsOf(bucket))]
  return {
    sink,
    read,
    keys: async () => (await collect(store.list('', never()))).map(({ key }) => key),
    close: async () => {
      sink.close()
      store.close()
    },
  }
})

describe('gcs, firebase-tools', () => {
  const LINES = Array.from({ length: 20_000 }, (_, index) => `{"line":${index}}\n`).join('')

  it.each([undefined, 'gzip'])('gives a gzip object to be unpacked as a stream (stored as %s)', async (encoding) => {
    const { bucket, put } = emulator.makeBucket()
    const packed = gzipSync(LINES)
    await put('data/users/part.json.gz', packed, encoding)
    const store = openGcs(optionsOf(bucket))
    const [object] = await collect(store.list('data/', never()))
    if (object === undefined) throw new Error('not listed')
    expect(object.size).toBe(packed.length)
    const bytes = await store.open(object.key, object, never())
    const unpacked = await collect(through<Buffer>(bytes, createGunzip()))
    expect(Buffer.concat(unpacked).toString() === LINES).toBe(true)
    store.close()
  })

  it('lists over several pages what a prefix holds, and nothing else', async () => {
    const { bucket } = emulator.makeBucket()
    const sink = openGcsSink(optionsOf(bucket))
    const store = openGcs(optionsOf(bucket))
    const keys = Array.from({ length: 2_010 }, (_, index) => `data/a/${String(index).padStart(4, '0')}`)
    async function* one(): AsyncIterable<Uint8Array> {
      yield Buffer.from('x')
    }
    for (const key of [...keys, 'data/b', 'dat']) await sink.put(key, 1, one(), never())
    expect((await collect(store.list('data/a/', never()))).map(({ key }) => key)).toEqual(keys)
    sink.close()
    store.close()
  })
})
