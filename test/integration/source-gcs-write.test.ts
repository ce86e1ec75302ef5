/** Writing to Google Cloud Storage: an object of known length, whole or not at all. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { openGcsSink } from '../../src/source/gcs-sink.ts'
import { hangsUp, neverAnswers, refuses } from '../support/gcs-fault.ts'
import { type GcsWorld, never, openGcsWorld, PAUSES, patternOf } from '../support/gcs-world.ts'

const KEY = 'data/export-id=a%2Fb/users/part 1+2=é.json.gz'
const SMALL = 1_000
const LARGE = 3 * 1024 * 1024

let world: GcsWorld
let sink: ReturnType<typeof openGcsSink>
beforeEach(async () => {
  world = await openGcsWorld()
  sink = openGcsSink(world.optionsOf({ userProject: 'payer-1' }))
})
afterEach(async () => {
  sink.close()
  await world.close()
})

async function* inChunks(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536)
}

const put = (length: number, signal = never()) => sink.put(KEY, length, inChunks(patternOf(length)), signal)
const arrived = (length: number) => patternOf(length).equals(world.bucket.read(KEY) ?? Buffer.alloc(0))
const faults = () => world.server.faults.upload
const uploads = () => world.server.seenOf('upload')

describe.each([
  ['from memory', SMALL],
  ['as a stream', LARGE],
])('an object sent %s', (_, length) => {
  it('announces its length and arrives as it is, in one request', async () => {
    await put(length)
    expect(arrived(length)).toBe(true)
    const [seen, ...others] = uploads()
    expect(others).toEqual([])
    expect(seen).toMatchObject({ contentLength: String(length) })
    const query = { uploadType: 'media', name: KEY, fields: 'md5Hash,size', userProject: 'payer-1' }
    expect(Object.fromEntries(seen?.query ?? [])).toEqual(query)
  })

  it('Google: 403 names the permission', async () => {
    faults().push(refuses(403, 'forbidden', { message: 'robot@example.com lacks it.' }))
    const error = await put(length).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'archive-unwritable' })
    expect(String(error)).toContain('storage.objects.create')
    expect(String(error)).not.toContain('robot')
    expect(uploads().length).toBe(1)
  })

  it('that arrived as other bytes is an error', async () => {
    world.server.onUpload = (bytes) => Buffer.from(bytes).fill(0, 0, 10)
    await expect(put(length)).rejects.toThrow(/other bytes/)
  })

  it('is given up when the server does not answer', async () => {
    for (let n = 0; n < 9; n += 1) faults().push(neverAnswers(() => setImmediate(() => world.clock.fallSilent())))
    const error = await put(length).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'archive-unwritable' })
    expect(String(error)).toContain('ESILENT')
    expect(await uploads()[0]?.over).toBe(false)
  })

  it('ends with the reason of an abort and closes the connection', async () => {
    const control = new AbortController()
    faults().push(neverAnswers(() => control.abort('stop')))
    await expect(put(length, control.signal)).rejects.toBe('stop')
    expect(await uploads()[0]?.over).toBe(false)
  })

  it('a bucket that is not there is an archive that cannot be written', async () => {
    const other = openGcsSink(world.optionsOf({ bucket: 'no-such-bucket' }))
    await expect(other.put(KEY, length, inChunks(patternOf(length)), never())).rejects.toMatchObject({
      code: 'archive-unwritable',
    })
    other.close()
  })
})

describe('what breaks', () => {
  it('is sent again from memory', async () => {
    faults().push(refuses(503, 'backendError', { headers: { 'retry-after': '2' } }), hangsUp())
    await put(SMALL)
    expect(arrived(SMALL)).toBe(true)
    expect(world.clock.pauses).toEqual([2_125, 250])
  })

  it('is given up after eight attempts', async () => {
    for (let n = 0; n < 9; n += 1) faults().push(refuses(503, 'backendError'))
    await expect(put(SMALL)).rejects.toMatchObject({ code: 'archive-unwritable' })
    expect(world.clock.pauses).toEqual(PAUSES)
  })

  it('is not sent again from a stream, which is told that no more is wanted', async () => {
    faults().push(hangsUp())
    let freed = false
    async function* watched(): AsyncIterable<Uint8Array> {
      try {
        yield* inChunks(patternOf(LARGE))
      } finally {
        freed = true
      }
    }
    await expect(sink.put(KEY, LARGE, watched(), never())).rejects.toMatchObject({ code: 'archive-unwritable' })
    expect(freed).toBe(true)
    expect(uploads().length).toBe(1)
    expect(world.bucket.keys()).toEqual([])
  })

  it('is not blamed on the server while the bytes are what is waited for', async () => {
    async function* slow(): AsyncIterable<Uint8Array> {
      const bytes = patternOf(LARGE)
      yield bytes.subarray(0, 10)
      yield bytes.subarray(10, 20)
      // What is waited for now is us.
      world.clock.fallSilent()
      await new Promise((resolve) => setImmediate(resolve))
      yield bytes.subarray(20)
    }
    await sink.put(KEY, LARGE, slow(), never())
    expect(arrived(LARGE)).toBe(true)
  })
})
