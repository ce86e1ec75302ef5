/** Reading from Google Cloud Storage when connections break, fall silent, or the object changes under our hands. */

import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { openGcs } from '../../src/source/gcs.ts'
import {
  breaksAfter,
  errorAnswer,
  fallsSilentAfter,
  givesRange,
  hangsUp,
  ignoresGeneration,
  ignoresRange,
  neverAnswers,
  refuses,
  withHeaders,
} from '../support/gcs-fault.ts'
import { bytesOf, type GcsWorld, never, openGcsWorld, PAUSES, patternOf } from '../support/gcs-world.ts'

const KEY = 'data/export-id=a%2Fb/date=2026-10-20/users/part 1+2=é.json.gz'
const MIB = 1024 * 1024

let world: GcsWorld
let store: ReturnType<typeof openGcs>
beforeEach(async () => {
  world = await openGcsWorld()
  store = openGcs(world.optionsOf())
})
afterEach(async () => {
  store.close()
  await world.close()
})

const read = async (key: string, etag: string, signal = never()) => bytesOf(await store.open(key, { etag }, signal))
const ranges = () => world.server.seenOf('get').map(({ range }) => range)
const faults = () => world.server.faults.get

describe('what is asked for', () => {
  it('exactly the listed generation, as stored, from its beginning', async () => {
    const etag = world.bucket.put(KEY, patternOf(10))
    expect(await read(KEY, etag)).toEqual(patternOf(10))
    const [seen, ...others] = world.server.seenOf('get')
    expect(others).toEqual([])
    expect(seen).toMatchObject({ key: KEY, acceptEncoding: 'gzip' })
    expect(Object.fromEntries(seen?.query ?? [])).toEqual({ alt: 'media', generation: etag, ifGenerationMatch: etag })
    expect(seen?.range).toBeUndefined()
  })

  it('nothing before the bytes are wanted', async () => {
    const etag = world.bucket.put(KEY, patternOf(10))
    await store.open(KEY, { etag }, never())
    expect(world.server.seen).toEqual([])
  })

  it.each(['', '.', '..'])('nothing for %j, which no object is called and which leads elsewhere', async (key) => {
    await expect(read(key, '1')).rejects.toMatchObject({ code: 'object-damaged' })
    expect(world.server.seen).toEqual([])
  })

  it('objects stored with gzip as their encoding come as they are stored', async () => {
    const packed = gzipSync(patternOf(100_000))
    const etag = world.bucket.put(KEY, packed, { contentEncoding: 'gzip' })
    faults().push(breaksAfter(500))
    expect((await read(KEY, etag)).equals(packed)).toBe(true)
    expect(ranges().length).toBe(2)
  })

  it('bytes that were unpacked on their way are damaged', async () => {
    const etag = world.bucket.put(KEY, gzipSync(patternOf(100)), { contentEncoding: 'gzip' })
    faults().push(withHeaders({ 'content-encoding': undefined }))
    await expect(read(KEY, etag)).rejects.toMatchObject({ code: 'object-damaged' })
  })
})

describe('a connection that breaks', () => {
  it.each(['close', 'reset'] as const)('is continued at the byte behind the last one (%s)', async (how) => {
    const content = patternOf(3 * MIB)
    const etag = world.bucket.put(KEY, content)
    const chunks: Uint8Array[] = []
    const gotten: number[] = []
    const noted = () => gotten.push(Buffer.concat(chunks).length)
    faults().push(
      breaksAfter(1_000_001, how),
      (answer, sending) => {
        noted()
        return breaksAfter(700_003, how)(answer, sending)
      },
      (answer) => {
        noted()
        return answer
      },
    )
    for await (const chunk of await store.open(KEY, { etag }, never())) chunks.push(chunk)
    expect(Buffer.concat(chunks).equals(content)).toBe(true)
    const [first = 0, second = 0] = gotten
    expect(ranges()).toEqual([undefined, first === 0 ? undefined : `bytes=${first}-`, `bytes=${second}-`])
    expect(second).toBeGreaterThan(first)
    for (const { query } of world.server.seenOf('get')) expect(query.get('generation')).toBe(etag)
  })

  it('may break as often as it likes while it makes progress', async () => {
    const content = patternOf(16 * MIB)
    const etag = world.bucket.put(KEY, content)
    for (let n = 0; n < 9; n += 1) faults().push(breaksAfter(1.5 * MIB))
    expect((await read(KEY, etag)).equals(content)).toBe(true)
    expect(world.clock.pauses).toEqual(Array.from({ length: 9 }, () => 125))
  })

  it('is given up after eight attempts without progress, with growing pauses', async () => {
    const etag = world.bucket.put(KEY, patternOf(MIB))
    for (let n = 0; n < 9; n += 1) faults().push(hangsUp())
    await expect(read(KEY, etag)).rejects.toMatchObject({ code: 'object-damaged' })
    expect(world.server.seenOf('get').length).toBe(8)
    expect(world.clock.pauses).toEqual(PAUSES)
  })

  it('is continued also where the length was not announced', async () => {
    const content = patternOf(MIB)
    const etag = world.bucket.put(KEY, content)
    faults().push((answer, sending) => {
      const bare = withHeaders({ 'content-length': undefined })(answer, sending) ?? answer
      return breaksAfter(300_000)(bare, sending)
    })
    expect((await read(KEY, etag)).equals(content)).toBe(true)
    expect(ranges().length).toBe(2)
  })

  it('Google: 503, 429 and 408 are asked again, not before Retry-After', async () => {
    const etag = world.bucket.put(KEY, patternOf(10))
    faults().push(
      refuses(503, 'backendError', { headers: { 'retry-after': '7' } }),
      refuses(429, 'rateLimitExceeded'),
      refuses(408, 'requestTimeout'),
    )
    expect(await read(KEY, etag)).toEqual(patternOf(10))
    expect(world.clock.pauses).toEqual([7_125, 250, 500])
  })

  it('an error whose own text breaks off is still that error', async () => {
    const etag = world.bucket.put(KEY, patternOf(10))
    faults().push((_, sending) => breaksAfter(9, 'reset')(errorAnswer(503, 'backendError'), sending))
    expect(await read(KEY, etag)).toEqual(patternOf(10))
    expect(world.clock.pauses).toEqual([125])
  })
})

describe('a connection that falls silent', () => {
  it('before the answer is left for another', async () => {
    const etag = world.bucket.put(KEY, patternOf(10))
    faults().push(neverAnswers(() => world.clock.fallSilent()))
    expect(await read(KEY, etag)).toEqual(patternOf(10))
    expect(await world.server.seenOf('get')[0]?.over).toBe(false)
  })

  it('amid the bytes is left for another that gives the rest', async () => {
    const content = patternOf(MIB)
    const etag = world.bucket.put(KEY, content)
    let silent = false
    faults().push(fallsSilentAfter(400_000, () => (silent = true)))
    const chunks: Uint8Array[] = []
    let length = 0
    // Once all that was sent has been taken, nothing but silence is left.
    for await (const chunk of await store.open(KEY, { etag }, never())) {
      chunks.push(chunk)
      length += chunk.length
      if (silent && length === 400_000) setImmediate(() => world.clock.fallSilent())
    }
    expect(Buffer.concat(chunks).equals(content)).toBe(true)
    expect(ranges()).toEqual([undefined, 'bytes=400000-'])
    expect(await world.server.seenOf('get')[0]?.over).toBe(false)
  })
})

describe('wrong answers', () => {
  it('a server that ignores Range gives no byte twice', async () => {
    const content = patternOf(MIB)
    const etag = world.bucket.put(KEY, content)
    faults().push(breaksAfter(600_000), ignoresRange())
    expect((await read(KEY, etag)).equals(content)).toBe(true)
    expect(ranges().length).toBe(2)
  })

  it.each(['bytes=600001-', 'bytes=1-'])('a server that gives another range (%s) is not believed', async (range) => {
    const etag = world.bucket.put(KEY, patternOf(MIB))
    faults().push(breaksAfter(600_000), givesRange(range))
    await expect(read(KEY, etag)).rejects.toMatchObject({ code: 'object-damaged' })
  })

  it('a range of an object of another length is not believed', async () => {
    const etag = world.bucket.put(KEY, patternOf(MIB))
    faults().push(breaksAfter(600_000), (answer) => {
      const contentRange = answer.headers['content-range']?.replace(/\d+$/, (total) => String(Number(total) + 1)) ?? ''
      return { ...answer, headers: { ...answer.headers, 'content-range': contentRange } }
    })
    await expect(read(KEY, etag)).rejects.toMatchObject({ code: 'object-damaged' })
  })

  it('§8.1 a server that ignores the generation is found out', async () => {
    const etag = world.bucket.put(KEY, patternOf(10))
    world.bucket.put(KEY, patternOf(10))
    faults().push(ignoresGeneration())
    await expect(read(KEY, etag)).rejects.toThrow(/replaced/)
  })

  it('a server that does not name the generation is believed', async () => {
    const etag = world.bucket.put(KEY, patternOf(10))
    faults().push(withHeaders({ 'x-goog-generation': undefined }))
    expect(await read(KEY, etag)).toEqual(patternOf(10))
  })
})

describe('an object that changes while it is read', () => {
  it.each([
    ['replaced', () => void world.bucket.put(KEY, patternOf(MIB))],
    ['removed', () => world.bucket.remove(KEY)],
  ])('§8.1 is damaged when it is %s between two connections', async (_, change) => {
    const etag = world.bucket.put(KEY, patternOf(MIB))
    faults().push((answer, sending) => {
      change()
      return breaksAfter(600_000)(answer, sending)
    })
    const error = await read(KEY, etag).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'object-damaged' })
    expect(String(error)).toContain('replaced or removed')
  })

  it('§8.1 is damaged when a bucket that keeps versions says that it is another by now', async () => {
    const etag = world.bucket.put(KEY, patternOf(10))
    faults().push(refuses(412, 'conditionNotMet'))
    const error = await read(KEY, etag).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'object-damaged' })
    expect(String(error)).toContain('was replaced')
    expect(world.server.seen.length).toBe(1)
  })
})

describe('an end before the end', () => {
  it('leaving early closes the connection', async () => {
    const etag = world.bucket.put(KEY, patternOf(MIB))
    faults().push(fallsSilentAfter(600_000, () => {}))
    for await (const _ of await store.open(KEY, { etag }, never())) break
    expect(await world.server.seenOf('get')[0]?.over).toBe(false)
  })

  it('an abort amid the bytes closes the connection and is thrown as it is', async () => {
    const etag = world.bucket.put(KEY, patternOf(MIB))
    faults().push(fallsSilentAfter(600_000, () => {}))
    const control = new AbortController()
    const reading = (async () => {
      for await (const _ of await store.open(KEY, { etag }, control.signal)) control.abort('stop')
    })()
    await expect(reading).rejects.toBe('stop')
    expect(await world.server.seenOf('get')[0]?.over).toBe(false)
  })

  it('an abort before the answer closes the connection and is thrown as it is', async () => {
    const etag = world.bucket.put(KEY, patternOf(10))
    const control = new AbortController()
    faults().push(neverAnswers(() => control.abort('stop')))
    await expect(read(KEY, etag, control.signal)).rejects.toBe('stop')
    expect(await world.server.seenOf('get')[0]?.over).toBe(false)
  })

  it('an abort in a pause is thrown as it is, and nothing more is asked for', async () => {
    const etag = world.bucket.put(KEY, patternOf(10))
    const control = new AbortController()
    world.clock.onPause = () => control.abort('stop')
    faults().push(refuses(503, 'backendError'))
    await expect(read(KEY, etag, control.signal)).rejects.toBe('stop')
    expect(world.server.seen.length).toBe(1)
  })
})
