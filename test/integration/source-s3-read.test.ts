/** Reading from S3 over connections that break, stall, lie and refuse: the right bytes of the right version, or an error. */

import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { ObjectStore } from '../../src/source/object-store.ts'
import { openS3 } from '../../src/source/s3.ts'
import { collect } from '../contract/object-store.ts'
import {
  breaksAfter,
  type Fault,
  hangsUp,
  ignoresRange,
  refuses,
  stallsAfter,
  staysSilent,
  withHeaders,
} from '../support/s3-fault.ts'
import { openS3World, type S3World } from '../support/s3-world.ts'

const KEY = 'data/export-id=a/date=2026-10-20/users/part-0.json.gz'
const BYTES = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 31) % 251))
const never = (): AbortSignal => new AbortController().signal

let world: S3World
let store: ObjectStore & { close(): void }
let etag: string

beforeEach(async () => {
  world = await openS3World()
  store = openS3(world.optionsOf())
  etag = world.server.put(KEY, BYTES)
})
afterEach(async () => {
  store.close()
  await world.close()
})

const faults = (...some: ReadonlyArray<Fault | undefined>) => world.server.faults.get.push(...some)
const read = async (signal = never()) => Buffer.concat(await collect(await store.open(KEY, { etag }, signal)))
const readsAll = async () => expect((await read()).equals(BYTES)).toBe(true)
const ranges = () => world.server.requests('get').map(({ range }) => range)
const damage = (found: RegExp) => ({ code: 'object-damaged', message: expect.stringMatching(found) })

describe('a read that is interrupted', () => {
  it('goes on at the very byte, of the version it began with', async () => {
    faults(breaksAfter(100_000), breaksAfter(1), breaksAfter(0), breaksAfter(99_998))
    await readsAll()
    expect(ranges()).toEqual([undefined, 'bytes=100000-', 'bytes=100001-', 'bytes=100001-', 'bytes=199999-'])
    expect(world.server.requests('get').map(({ ifMatch }) => ifMatch)).toEqual(Array(5).fill(etag))
  })

  it('goes on after a reset, whatever of it had arrived', async () => {
    faults(breaksAfter(150_000, 'reset'), hangsUp, breaksAfter(10_000, 'reset'))
    await readsAll()
  })

  it('says with every request that we pay, and not where that is not set', async () => {
    faults(breaksAfter(10))
    await readsAll()
    const free = openS3(world.optionsOf({ requestPayer: false }))
    await collect(await free.open(KEY, { etag }, never()))
    free.close()
    expect(world.server.requests('get').map(({ payer }) => payer)).toEqual(['requester', 'requester', undefined])
  })

  it('pauses longer and longer, and as long as the server asks', async () => {
    const slow = refuses(503, 'SlowDown')
    faults(slow, slow, refuses(503, 'SlowDown', { headers: { 'retry-after': '7' } }), breaksAfter(0))
    await readsAll()
    expect(world.clock.pauses).toEqual([125, 250, 7_500, 1_000])
  })

  it.each([
    ['500 InternalError', refuses(500, 'InternalError')],
    ['503 SlowDown', refuses(503, 'SlowDown')],
    ['429', refuses(429, 'TooManyRequests')],
    ['400 RequestTimeout', refuses(400, 'RequestTimeout')],
    ['no answer', hangsUp],
    ['an answer of a proxy', (): ReturnType<Fault> => ({ status: 502, headers: {}, body: Buffer.from('<html>bad') })],
  ])('is damaged when it meets %s again and again', async (_, fault) => {
    faults(...Array(8).fill(fault))
    await expect(read()).rejects.toMatchObject(damage(/found \w+/))
    expect(ranges()).toHaveLength(8)
  })

  it('is damaged when it breaks too often without getting on', async () => {
    faults(breaksAfter(10), ...Array(7).fill(breaksAfter(1)))
    await expect(read()).rejects.toMatchObject(damage(/ECONNRESET/))
    expect(ranges()).toHaveLength(8)
  })

  it('may break often where it gets on', async () => {
    const large = Buffer.alloc(12 * 1024 * 1024 + 5, 7)
    etag = world.server.put(KEY, large)
    faults(...Array(12).fill(breaksAfter(1024 * 1024)))
    expect((await read()).equals(large)).toBe(true)
    expect(ranges()).toHaveLength(13)
    expect(Math.max(...world.clock.pauses)).toBe(125)
  })

  it('goes on after silence, before the answer and amid the bytes', async () => {
    const silence = () => world.clock.fallSilent()
    let stalled = () => {}
    const sent = new Promise<void>((resolve) => {
      stalled = resolve
    })
    faults(staysSilent(silence), stallsAfter(50_000, stalled))
    const got: Uint8Array[] = []
    let count = 0
    for await (const chunk of await store.open(KEY, { etag }, never())) {
      got.push(chunk)
      count += chunk.length
      // Silence is due once the server has sent its part and the reader waits for more.
      if (count === 50_000) sent.then(() => setImmediate(silence))
    }
    expect(Buffer.concat(got).equals(BYTES)).toBe(true)
    expect(ranges()).toEqual([undefined, undefined, 'bytes=50000-'])
  })
})

describe('a server that does not do as it is told', () => {
  it('ignores Range: what came before is passed over', async () => {
    faults(breaksAfter(100_001), ignoresRange)
    await readsAll()
    expect(ranges()).toEqual([undefined, 'bytes=100001-'])
  })

  it('ignores Range and breaks before the byte that is due', async () => {
    faults(breaksAfter(100_001), (_, send) => breaksAfter(50_000)(ignoresRange(_, send) ?? _, send))
    await readsAll()
    expect(ranges()).toEqual([undefined, 'bytes=100001-', 'bytes=100001-'])
  })

  it('§8.1 ignores If-Match: another ETag is damage, and none of its bytes are given', async () => {
    faults(withHeaders({ etag: '"other"' }))
    const chunks = await store.open(KEY, { etag }, never())
    await expect(chunks[Symbol.asyncIterator]().next()).rejects.toMatchObject(damage(/another version/))
  })

  it('§8.1 ignores If-Match when the object was replaced midway', async () => {
    faults(breaksAfter(100_000), withHeaders({ etag: '"other"' }))
    await expect(read()).rejects.toMatchObject(damage(/replaced while it was read/))
  })

  it('gives no ETag at all', async () => {
    faults(({ headers: { etag: _, ...headers }, ...answer }) => ({ ...answer, headers }))
    await expect(read()).rejects.toMatchObject(damage(/another version/))
  })

  it.each([
    ['another part', 'bytes 99999-199999/200000'],
    ['a part of another length', 'bytes 100000-200000/200001'],
    ['a part it does not name', 'bytes */200000'],
  ])('answers with %s', async (_, range) => {
    faults(breaksAfter(100_000), withHeaders({ 'content-range': range }))
    await expect(read()).rejects.toMatchObject(damage(/another range/))
  })

  it('quotes ETags in one place and not in the other', async () => {
    faults(withHeaders({ etag: etag.replaceAll('"', '') }))
    await readsAll()
  })

  it('says that gzip is an encoding: the bytes stay as they are stored', async () => {
    const zipped = gzipSync('{"user":{}}\n')
    etag = world.server.put(KEY, zipped)
    faults(withHeaders({ 'content-encoding': 'gzip', 'content-type': 'application/json' }))
    expect((await read()).equals(zipped)).toBe(true)
  })
})

describe('an object that cannot be read', () => {
  it('§8.1 was replaced since it was listed', async () => {
    world.server.put(KEY, Buffer.from('other'))
    await expect(read()).rejects.toMatchObject(damage(/412.*|replaced/))
    expect(ranges()).toHaveLength(1)
  })

  it('§8.1 was replaced while it was read', async () => {
    faults(breaksAfter(100_000), (answer, send) => {
      world.server.put(KEY, Buffer.from('other'))
      return send.answerTo({}) ?? answer
    })
    await expect(read()).rejects.toMatchObject(damage(/replaced while it was read/))
  })

  it('§8.1 is gone', async () => {
    world.server.remove(KEY)
    await expect(read()).rejects.toMatchObject(damage(/gone/))
    expect(ranges()).toHaveLength(1)
  })

  it.each([
    ['s3:GetObject', refuses(403, 'AccessDenied'), /s3:GetObject.*our credentials/],
    [
      'the permission that the answer names',
      refuses(403, 'AccessDenied', {
        message: 'User: arn:aws:sts::1:assumed-role/x/y is not authorized to perform: s3:GetObjectVersion on z',
      }),
      /s3:GetObjectVersion/,
    ],
    [
      'kms:Decrypt',
      refuses(403, 'AccessDenied', { message: 'User: x is not authorized to perform: kms:Decrypt on resource: y' }),
      /kms:Decrypt/,
    ],
    [
      'a key that does not exist',
      refuses(403, 'AccessDenied', { message: 'The ciphertext refers to a customer master key that does not exist' }),
      /encryption key \(KMS\)/,
    ],
    ['a key that is disabled', refuses(400, 'KMS.DisabledException'), /KMS\.DisabledException.*encryption key/],
    ['a key that is being deleted', refuses(400, 'KMS.KMSInvalidStateException'), /kms:Decrypt/],
    ['an archive class', refuses(403, 'InvalidObjectState'), /Glacier.*restored/],
  ])('lacks %s, and the error says so', async (_, fault, words) => {
    faults(fault)
    await expect(read()).rejects.toMatchObject(damage(words))
    expect(ranges()).toHaveLength(1)
  })

  it('lies in a bucket that is gone: that is not the object’s fault', async () => {
    faults(refuses(404, 'NoSuchBucket'))
    await expect(read()).rejects.toMatchObject({ code: 'source-unreadable' })
  })
})

describe('a read that is stopped', () => {
  const reason = new Error('stop')

  it('ends with the reason while it pauses, and asks no more', async () => {
    const control = new AbortController()
    world.clock.onPause = () => {
      control.abort(reason)
      return new Promise(() => {})
    }
    faults(hangsUp)
    await expect(read(control.signal)).rejects.toBe(reason)
    expect(ranges()).toHaveLength(1)
  })

  it('ends with the reason while it waits for an answer', async () => {
    const control = new AbortController()
    faults(staysSilent(() => control.abort(reason)))
    await expect(read(control.signal)).rejects.toBe(reason)
  })

  it('ends with the reason while it waits for bytes', async () => {
    const control = new AbortController()
    faults(stallsAfter(1_000, () => {}))
    const waiting = async () => {
      for await (const _ of await store.open(KEY, { etag }, control.signal)) setImmediate(() => control.abort(reason))
    }
    await expect(waiting()).rejects.toBe(reason)
  })

  it.each([
    ['its signal', (control: AbortController) => control.abort(reason)],
    ['silence', () => world.clock.fallSilent()],
  ])('closes the connection on which it waits for an answer, by %s', async (_, end) => {
    const control = new AbortController()
    const closed = new Promise<void>((resolve) => {
      faults((answer, send) => {
        send.response.on('close', resolve)
        return staysSilent(() => end(control))(answer, send)
      })
    })
    await read(control.signal).catch((error: unknown) => expect(error).toBe(reason))
    await closed
  })

  it('closes its connection when it is left early', async () => {
    let closed = () => {}
    const end = new Promise<void>((resolve) => {
      closed = resolve
    })
    faults((answer, send) => {
      send.response.on('close', closed)
      return stallsAfter(1_000, () => {})(answer, send)
    })
    for await (const _ of await store.open(KEY, { etag }, never())) break
    await end
  })

  it('asks for nothing before it is iterated', async () => {
    await store.open(KEY, { etag }, never())
    expect(world.server.seen).toEqual([])
  })
})
