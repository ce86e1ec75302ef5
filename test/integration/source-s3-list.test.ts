/** Listing an S3 bucket: page by page, in order, over failures; and where the bucket lies. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { DAY, MILLISECOND } from '../../src/consent/time.ts'
import type { ObjectStore } from '../../src/source/object-store.ts'
import { openS3 } from '../../src/source/s3.ts'
import type { S3Options } from '../../src/source/s3-connection.ts'
import { collect } from '../contract/object-store.ts'
import { type Fault, hangsUp, refuses, staysSilent, xml } from '../support/s3-fault.ts'
import { openS3World, type S3World } from '../support/s3-world.ts'

const never = (): AbortSignal => new AbortController().signal

let world: S3World
const opened: Array<{ close(): void }> = []

beforeEach(async () => {
  world = await openS3World()
})
afterEach(async () => {
  for (const one of opened.splice(0)) one.close()
  await world.close()
})

function open(changes: Partial<S3Options> = {}): ObjectStore {
  const store = openS3(world.optionsOf(changes))
  opened.push(store)
  return store
}

/** Without a configured region. */
function openUnlocated(): ObjectStore {
  const { region: _, ...options } = world.optionsOf()
  const store = openS3(options)
  opened.push(store)
  return store
}

const keysOf = async (store: ObjectStore, prefix = '', signal = never()) =>
  (await collect(store.list(prefix, signal))).map(({ key }) => key)
const fill = (...keys: readonly string[]) => {
  for (const key of keys) world.server.put(key, Buffer.from(key))
}
const faults = (...some: ReadonlyArray<Fault | undefined>) => world.server.faults.list.push(...some)
const lists = () => world.server.requests('list')

describe('a listing', () => {
  it('goes on from page to page and says with each that we pay', async () => {
    fill('a/1', 'a/2', 'a/3', 'a/4', 'a/5', 'b/1')
    world.server.pageSize = 2
    expect(await keysOf(open(), 'a/')).toEqual(['a/1', 'a/2', 'a/3', 'a/4', 'a/5'])
    expect(lists().map(({ payer, query }) => [payer, query.get('prefix'), query.has('continuation-token')])).toEqual([
      ['requester', 'a/', false],
      ['requester', 'a/', true],
      ['requester', 'a/', true],
    ])
  })

  it('asks for a page only when it is wanted', async () => {
    fill('a', 'b', 'c')
    world.server.pageSize = 1
    for await (const { key } of open().list('', never())) if (key === 'b') break
    expect(lists()).toHaveLength(2)
  })

  it('misses nothing when objects go between two pages', async () => {
    fill('a', 'b', 'c', 'd')
    world.server.pageSize = 2
    const keys: string[] = []
    for await (const { key } of open().list('', never())) {
      keys.push(key)
      if (key === 'b') for (const gone of ['b', 'c']) world.server.remove(gone)
    }
    expect(keys).toEqual(['a', 'b', 'd'])
  })

  it('gives modification times in microseconds', async () => {
    fill('a')
    const [object] = await collect(open().list('', never()))
    expect(object?.modifiedAt).toBe(1_790_000_000_000 * MILLISECOND)
    expect(object?.modifiedAt).toBeGreaterThan(20_000 * DAY)
  })

  it('keeps keys that XML cannot hold, and the signs that a form would change', async () => {
    const keys = ['a\u0001b', 'c + d', 'e%2Fé', 'f&<"g', ' h ', 'i\nj']
    fill(...keys)
    expect(await keysOf(open())).toEqual([...keys].sort())
  })

  it('orders a page that a server orders otherwise', async () => {
    fill('a', 'b', 'é', '😀')
    const reversed: Fault = (answer) => {
      const entries = String(answer.body).match(/<Contents>.*?<\/Contents>/g) ?? []
      const [head] = String(answer.body).split('<Contents>')
      return { ...answer, body: Buffer.from(`${head}${entries.reverse().join('')}</ListBucketResult>`) }
    }
    faults(reversed)
    expect(await keysOf(open())).toEqual(['a', 'b', 'é', '😀'])
  })

  it.each([
    [
      'pages out of order',
      `<Contents><Key>a</Key><LastModified>2026-10-20T00:00:00Z</LastModified><ETag>"x"</ETag><Size>1</Size></Contents>`,
      /not in order/,
    ],
    [
      'an object without an ETag',
      '<Contents><Key>z</Key><LastModified>2026-10-20T00:00:00Z</LastModified><Size>1</Size></Contents>',
      /without a readable key, size, ETag/,
    ],
    ['more pages without a way to them', '<IsTruncated>true</IsTruncated>', /not how to get them/],
  ])('refuses %s', async (_, content, words) => {
    fill('a', 'b', 'c')
    world.server.pageSize = 2
    faults(undefined, () => xml(200, `<ListBucketResult>${content}</ListBucketResult>`))
    await expect(keysOf(open())).rejects.toMatchObject({
      code: 'source-unreadable',
      message: expect.stringMatching(words),
    })
  })

  it('survives failures that pass, each page with attempts of its own', async () => {
    fill('a', 'b', 'c')
    world.server.pageSize = 1
    faults(
      refuses(503, 'SlowDown'),
      hangsUp,
      undefined,
      staysSilent(world.clock.fallSilent),
      refuses(500, 'InternalError'),
    )
    expect(await keysOf(open())).toEqual(['a', 'b', 'c'])
    expect(world.clock.pauses).toEqual([125, 250, 125, 250])
  })

  it.each([
    ['503 again and again', refuses(503, 'SlowDown'), /SlowDown \(HTTP 503\)/, 8],
    ['no answer again and again', hangsUp, /ECONNRESET/, 8],
    ['no bucket', refuses(404, 'NoSuchBucket'), /does not exist/, 1],
    ['an answer that is no listing', () => ({ status: 200, headers: {}, body: Buffer.from('<html>login') }), /./, 1],
    ['a redirect to nowhere', refuses(301, 'PermanentRedirect'), /Set `region`/, 1],
  ])('says source-unreadable on %s', async (_, fault, words, attempts) => {
    faults(...Array(attempts).fill(fault))
    await expect(keysOf(open())).rejects.toMatchObject({
      code: 'source-unreadable',
      message: expect.stringMatching(words),
    })
    expect(lists()).toHaveLength(attempts)
  })

  it('says source-unreadable where nothing listens', async () => {
    const store = open({ endpoint: 'http://127.0.0.1:1' })
    await expect(keysOf(store)).rejects.toMatchObject({
      code: 'source-unreadable',
      message: expect.stringContaining('ECONNREFUSED'),
    })
  })

  it('ends with the reason while it waits for a page', async () => {
    const control = new AbortController()
    const reason = new Error('stop')
    faults(staysSilent(() => control.abort(reason)))
    await expect(keysOf(open(), '', control.signal)).rejects.toBe(reason)
  })
})

describe('the region of the bucket', () => {
  it('is learnt from a redirect, once', async () => {
    fill('a', 'b')
    world.server.region = 'eu-west-3'
    world.server.pageSize = 1
    const store = openUnlocated()
    const [object] = await collect(store.list('', never()))
    if (object === undefined) throw new Error('not listed')
    await collect(await store.open('a', object, never()))
    expect(world.server.seen.map(({ operation, region }) => [operation, region])).toEqual([
      ['list', 'us-east-1'],
      ['list', 'eu-west-3'],
      ['list', 'eu-west-3'],
      ['get', 'eu-west-3'],
    ])
  })

  it('is first taken to be that of the environment', async () => {
    process.env['AWS_REGION'] = 'eu-north-1'
    await keysOf(openUnlocated())
    expect(lists().map(({ region }) => region)).toEqual(['eu-north-1'])
  })

  it('is learnt from an answer that finds the signature to be for another', async () => {
    fill('a')
    faults(() =>
      xml(
        400,
        '<Error><Code>AuthorizationHeaderMalformed</Code><Message>No.</Message><Region>eu-west-3</Region></Error>',
      ),
    )
    expect(await keysOf(open())).toEqual(['a'])
    expect(lists().map(({ region }) => region)).toEqual(['eu-central-1', 'eu-west-3'])
  })

  it('is corrected where the configured one is wrong', async () => {
    fill('a')
    world.server.region = 'eu-west-3'
    expect(await keysOf(open({ region: 'eu-central-1' }))).toEqual(['a'])
    expect(lists().map(({ region }) => region)).toEqual(['eu-central-1', 'eu-west-3'])
  })

  it('is followed by requests that were sent elsewhere at the same time', async () => {
    fill('a')
    world.server.region = 'eu-west-3'
    const store = openUnlocated()
    expect(await Promise.all([keysOf(store), keysOf(store), keysOf(store)])).toEqual([['a'], ['a'], ['a']])
  })

  it('is not followed in circles', async () => {
    const to = (region: string) => refuses(301, 'PermanentRedirect', { headers: { 'x-amz-bucket-region': region } })
    faults(to('eu-west-1'), to('eu-west-2'), to('eu-west-3'))
    await expect(keysOf(openUnlocated())).rejects.toMatchObject({ code: 'source-unreadable' })
    expect(lists()).toHaveLength(3)
  })

  it('is not taken from an answer that names no region', async () => {
    faults(refuses(301, 'PermanentRedirect', { headers: { 'x-amz-bucket-region': 'evil.example/' } }))
    await expect(keysOf(openUnlocated())).rejects.toMatchObject({
      code: 'source-unreadable',
      message: expect.stringContaining('PermanentRedirect (HTTP 301)'),
    })
    expect(lists()).toHaveLength(1)
  })

  it('is not asked again where it sends to itself', async () => {
    faults(refuses(301, 'PermanentRedirect', { headers: { 'x-amz-bucket-region': 'eu-central-1' } }))
    await expect(keysOf(open())).rejects.toMatchObject({ code: 'source-unreadable' })
    expect(lists()).toHaveLength(1)
  })
})
