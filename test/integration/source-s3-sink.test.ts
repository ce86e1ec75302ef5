/** Writing to S3: the common contract on a server that stores whole objects, and what is repeated and what is not. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { ObjectSink } from '../../src/source/object-sink.ts'
import { openS3 } from '../../src/source/s3.ts'
import type { S3Options } from '../../src/source/s3-connection.ts'
import { openS3Sink } from '../../src/source/s3-sink.ts'
import { objectSinkContract } from '../contract/object-sink.ts'
import { collect } from '../contract/object-store.ts'
import { type Fault, hangsUp, refuses, staysSilent, takesOnly } from '../support/s3-fault.ts'
import { openS3World, ROLE, type S3World } from '../support/s3-world.ts'

const never = (): AbortSignal => new AbortController().signal

objectSinkContract('s3, on a server of our own', async () => {
  const world = await openS3World()
  const sink = openS3Sink(world.optionsOf())
  return {
    sink,
    read: async (key) => world.server.read(key),
    keys: async () => world.server.keys(),
    close: async () => {
      sink.close()
      await world.close()
    },
  }
})

describe('an S3 sink', () => {
  const SMALL = Buffer.from('small')
  const LARGE = Buffer.alloc(3 * 1024 * 1024, 'large')

  let world: S3World
  const opened: Array<{ close(): void }> = []
  beforeEach(async () => {
    world = await openS3World()
  })
  afterEach(async () => {
    for (const one of opened.splice(0)) one.close()
    await world.close()
  })

  function open(changes: Partial<S3Options> = {}): ObjectSink {
    const sink = openS3Sink(world.optionsOf(changes))
    opened.push(sink)
    return sink
  }

  async function* once(bytes: Buffer): AsyncIterable<Uint8Array> {
    for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536)
  }

  const put = (bytes: Buffer, sink = open()) => sink.put('a/x', bytes.length, once(bytes), never())
  const faults = (...some: ReadonlyArray<Fault | undefined>) => world.server.faults.put.push(...some)
  const kept = () => world.server.read('a/x')
  const unwritable = (words: RegExp) => ({ code: 'archive-unwritable', message: expect.stringMatching(words) })

  it('says that we pay', async () => {
    await put(SMALL)
    await put(LARGE)
    await put(SMALL, open({ requestPayer: false }))
    expect(world.server.seen.map(({ payer }) => payer)).toEqual(['requester', 'requester', undefined])
  })

  it('repeats a small object whatever happens on the way', async () => {
    faults(hangsUp, refuses(503, 'SlowDown'), staysSilent(world.clock.fallSilent), takesOnly(1))
    await put(SMALL)
    expect(kept()?.equals(SMALL)).toBe(true)
    expect(world.server.seen).toHaveLength(5)
  })

  it('repeats a large object as long as no byte of it was taken', async () => {
    faults(hangsUp, refuses(503, 'SlowDown'), staysSilent(world.clock.fallSilent), refuses(500, 'InternalError'))
    await put(LARGE)
    expect(kept()?.equals(LARGE)).toBe(true)
    expect(world.server.seen).toHaveLength(5)
  })

  it('does not repeat a large object once a byte of it was taken, and stores nothing', async () => {
    faults(takesOnly(100_000))
    await expect(put(LARGE)).rejects.toMatchObject(unwritable(/ECONNRESET|EPIPE/))
    expect(kept()).toBeUndefined()
    expect(world.server.seen).toHaveLength(1)
  })

  it('is as patient with the bytes as they need, not with the server', async () => {
    async function* slow(): AsyncIterable<Uint8Array> {
      yield LARGE.subarray(0, 1_000_000)
      world.clock.fallSilent()
      yield LARGE.subarray(1_000_000)
    }
    await open().put('a/x', LARGE.length, slow(), never())
    expect(kept()?.equals(LARGE)).toBe(true)
  })

  it.each([
    ['small', SMALL],
    ['large', LARGE],
  ])('follows the bucket to its region with a %s object', async (_, bytes) => {
    world.server.region = 'eu-west-3'
    await put(bytes)
    expect(kept()?.equals(bytes)).toBe(true)
    expect(world.server.seen.map(({ region }) => region)).toEqual(['eu-central-1', 'eu-west-3'])
  })

  it.each([
    ['small', SMALL],
    ['large', LARGE],
  ])('asks for a role anew when it is expired, with a %s object', async (_, bytes) => {
    faults(refuses(400, 'ExpiredToken'))
    await put(bytes, open({ assumeRole: ROLE }))
    expect(kept()?.equals(bytes)).toBe(true)
    expect(world.server.requests('put').map(({ accessKeyId }) => accessKeyId)).toEqual(['ASIA1', 'ASIA2'])
  })

  it.each([
    ['s3:PutObject', refuses(403, 'AccessDenied'), /AccessDenied \(HTTP 403\): s3:PutObject is not granted/],
    [
      'kms:GenerateDataKey',
      refuses(403, 'AccessDenied', { message: 'not authorized to perform: kms:GenerateDataKey on resource: x' }),
      /kms:GenerateDataKey is not granted/,
    ],
    ['a bucket', refuses(404, 'NoSuchBucket'), /NoSuchBucket/],
    ['room for the name', refuses(400, 'KeyTooLongError'), /KeyTooLongError/],
  ])('without %s is unwritable, and says so', async (_, fault, words) => {
    faults(fault, fault)
    await expect(put(SMALL)).rejects.toMatchObject(unwritable(words))
    await expect(put(LARGE)).rejects.toMatchObject(unwritable(words))
    expect(world.server.keys()).toEqual([])
  })

  it('is unwritable when failures do not pass', async () => {
    faults(...Array(8).fill(refuses(503, 'SlowDown')))
    await expect(put(SMALL)).rejects.toMatchObject(unwritable(/SlowDown/))
    expect(world.server.seen).toHaveLength(8)
  })

  it('refuses more than S3 takes in one piece, before it takes a byte', async () => {
    const size = 5 * 1024 ** 3 + 1
    await expect(open().put('a/x', size, once(SMALL), never())).rejects.toMatchObject(unwritable(/5 GiB/))
    expect(world.server.seen).toEqual([])
  })

  it('does not finish an object before its source has ended well', async () => {
    const broken = new Error('the checksum is wrong')
    const reader = openS3(world.optionsOf())
    opened.push(reader)
    async function* failingAtTheEnd(bytes: Buffer): AsyncIterable<Uint8Array> {
      yield* once(bytes)
      yield new Uint8Array()
      // Whatever was sent has arrived when the server has answered others meanwhile.
      for (let n = 0; n < 5; n += 1) expect(await collect(reader.list('', never()))).toEqual([])
      throw broken
    }
    for (const bytes of [SMALL, LARGE]) {
      await expect(open().put('a/x', bytes.length, failingAtTheEnd(bytes), never())).rejects.toBe(broken)
    }
    expect(world.server.keys()).toEqual([])
  })

  it('ends with the reason while the server is silent', async () => {
    const control = new AbortController()
    const reason = new Error('stop')
    faults(staysSilent(() => control.abort(reason)))
    await expect(open().put('a/x', LARGE.length, once(LARGE), control.signal)).rejects.toBe(reason)
  })
})
