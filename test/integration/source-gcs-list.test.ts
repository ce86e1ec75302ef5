/** Listing a bucket of Google Cloud Storage: page by page, in order, and what is said when it cannot be done. */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { openGcs } from '../../src/source/gcs.ts'
import type { GcsOptions } from '../../src/source/gcs-connection.ts'
import { collect } from '../contract/object-store.ts'
import { hangsUp, jsonAnswer, neverAnswers, refuses } from '../support/gcs-fault.ts'
import { type GcsWorld, never, openGcsWorld, PAUSES } from '../support/gcs-world.ts'

let world: GcsWorld
const opened: Array<{ close(): void }> = []
beforeEach(async () => {
  world = await openGcsWorld()
})
afterEach(async () => {
  for (const store of opened.splice(0)) store.close()
  await world.close()
})

function open(changes: Partial<GcsOptions> = {}) {
  const store = openGcs(world.optionsOf(changes))
  opened.push(store)
  return store
}

const put = (...keys: string[]) => keys.map((key) => world.bucket.put(key, Buffer.from('x')))
const keysOf = async (prefix = '', changes: Partial<GcsOptions> = {}) =>
  (await collect(open(changes).list(prefix, never()))).map(({ key }) => key)
const faults = () => world.server.faults.list

/** What a listing throws. */
async function troubleOf(changes: Partial<GcsOptions> = {}): Promise<unknown> {
  return keysOf('', changes).catch((error: unknown) => error)
}

describe('pages', () => {
  it('are asked for one by one, only when they are needed, with no field too many', async () => {
    put('a/1', 'a/2', 'a/3', 'a/4', 'a/5', 'b')
    world.server.pageSize = 2
    const askedAt: number[] = []
    for await (const _ of open().list('a/', never())) askedAt.push(world.server.seen.length)
    expect(askedAt).toEqual([1, 1, 2, 2, 3])
    const queries = world.server.seen.map(({ query }) => Object.fromEntries(query))
    const fields = 'items(name,size,generation,timeCreated),nextPageToken'
    expect(queries[0]).toEqual({ fields, prefix: 'a/' })
    const tokens = queries.map(({ pageToken }) => pageToken)
    expect(queries.map(({ prefix }) => prefix)).toEqual(['a/', 'a/', 'a/'])
    expect(tokens).toEqual([undefined, Buffer.from('a/2').toString('base64'), Buffer.from('a/4').toString('base64')])
  })

  it('are not asked for any more when the listing is left', async () => {
    put('1', '2', '3', '4')
    world.server.pageSize = 2
    for await (const _ of open().list('', never())) break
    expect(world.server.seen.length).toBe(1)
  })

  it('may be empty', async () => {
    put('a')
    faults().push(() => jsonAnswer(200, { nextPageToken: Buffer.from('').toString('base64') || 'AA==' }))
    expect(await keysOf()).toEqual(['a'])
  })

  it.each([1, 1_000])('follow the bytes of the keys, not the units of UTF-16 (%d keys each)', async (pageSize) => {
    put('\u{1F600}', '\uFFFD', 'z', 'é', 'Z')
    world.server.pageSize = pageSize
    expect(await keysOf()).toEqual(['Z', 'z', 'é', '\uFFFD', '\u{1F600}'])
  })

  it('carry generations that no number holds, and the time at which the object was made', async () => {
    const [generation] = put('a')
    expect(Number(generation)).toBeGreaterThan(Number.MAX_SAFE_INTEGER)
    const at = '2026-10-20T03:00:00.123Z'
    faults().push((answer) => {
      const { items } = JSON.parse(answer.body.toString()) as { items: Array<Record<string, unknown>> }
      return jsonAnswer(200, { items: items.map((item) => ({ ...item, timeCreated: at })) })
    })
    const [object] = await collect(open().list('', never()))
    expect(object).toEqual({ key: 'a', size: 1, etag: generation, modifiedAt: Date.parse(at) * 1_000 })
  })

  it.each([
    ['keys out of order', { items: [itemOf('b'), itemOf('a')] }],
    ['the same key twice', { items: [itemOf('a'), itemOf('a')] }],
    ['an object without a generation', { items: [{ ...itemOf('a'), generation: undefined }] }],
    ['an object whose generation is a number', { items: [{ ...itemOf('a'), generation: 12 }] }],
    ['an object without a time', { items: [{ ...itemOf('a'), timeCreated: 'yesterday' }] }],
    ['items that are no list', { items: {} }],
    ['no object at all', 'OK'],
    ['a token that is no text', { nextPageToken: 1 }],
  ])('%s: source-unreadable', async (_, content) => {
    faults().push(() => jsonAnswer(200, content))
    expect(await troubleOf()).toMatchObject({ code: 'source-unreadable' })
  })

  it('that name themselves as the next one do not go on for ever', async () => {
    for (let n = 0; n < 3; n += 1) faults().push(() => jsonAnswer(200, { nextPageToken: 'same' }))
    expect(await troubleOf()).toMatchObject({ code: 'source-unreadable' })
    expect(world.server.seen.length).toBe(2)
  })
})

function itemOf(name: string): Readonly<Record<string, unknown>> {
  return { name, size: '1', generation: '12', timeCreated: '2026-10-20T03:00:00Z' }
}

describe('trouble that passes', () => {
  it('Google: 429, 5xx, rate limits and broken connections are asked again, not before Retry-After', async () => {
    put('a')
    faults().push(
      refuses(429, 'rateLimitExceeded', { headers: { 'retry-after': '3' } }),
      refuses(503, 'backendError'),
      refuses(403, 'rateLimitExceeded'),
      hangsUp(),
    )
    expect(await keysOf()).toEqual(['a'])
    expect(world.clock.pauses).toEqual([3_125, 250, 500, 1_000])
  })

  it('that does not pass in eight attempts is source-unreadable', async () => {
    for (let n = 0; n < 9; n += 1) faults().push(refuses(503, 'backendError'))
    const error = await troubleOf()
    expect(error).toMatchObject({ code: 'source-unreadable' })
    expect(String(error)).toContain('backendError (HTTP 503)')
    expect(world.clock.pauses).toEqual(PAUSES)
  })

  it('silence is left for another connection', async () => {
    put('a')
    faults().push(neverAnswers(() => world.clock.fallSilent()))
    expect(await keysOf()).toEqual(['a'])
    expect(await world.server.seen[0]?.over).toBe(false)
  })

  it('a bucket where nobody listens is source-unreadable', async () => {
    const error = await troubleOf({ endpoint: `http://127.0.0.1:${await unusedPort()}` })
    expect(error).toMatchObject({ code: 'source-unreadable' })
    expect(String(error)).toContain('ECONNREFUSED')
    expect(world.clock.pauses).toEqual(PAUSES)
  })

  it('an abort before the answer is thrown as it is and closes the connection', async () => {
    const control = new AbortController()
    faults().push(neverAnswers(() => control.abort('stop')))
    await expect(collect(open().list('', control.signal))).rejects.toBe('stop')
    expect(await world.server.seen[0]?.over).toBe(false)
  })

  it('an abort in a pause is thrown as it is', async () => {
    const control = new AbortController()
    world.clock.onPause = () => control.abort('stop')
    faults().push(refuses(503, 'backendError'))
    await expect(collect(open().list('', control.signal))).rejects.toBe('stop')
    expect(world.server.seen.length).toBe(1)
  })
})

async function unusedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

describe('refusals', () => {
  const DENIED = (permission: string) =>
    `robot@example.iam.gserviceaccount.com does not have ${permission} access to the Google Cloud project. Permission '${permission}' denied on resource (or it may not exist).`

  it('Google: 403 names the permission, and neither the account nor what else the answer says', async () => {
    faults().push(refuses(403, 'forbidden', { message: DENIED('storage.objects.list') }))
    const error = await troubleOf()
    expect(error).toMatchObject({ code: 'source-forbidden' })
    expect(String(error)).toContain('the permission storage.objects.list')
    expect(String(error)).not.toContain('@')
    expect(world.server.seen.length).toBe(1)
  })

  it('Google: 403 that names nothing is explained by what was asked for', async () => {
    faults().push(refuses(403, 'forbidden', { message: 'Forbidden' }))
    expect(String(await troubleOf())).toContain('the permission storage.objects.list for our credentials. ')
    faults().push(refuses(403, 'forbidden', { message: 'Forbidden' }))
    expect(String(await troubleOf({ userProject: 'payer-1' }))).toContain(
      'storage.objects.list for our credentials (and serviceusage.services.use on project payer-1)',
    )
  })

  it('the project that pays is named in every request, and explained where it may not be used', async () => {
    put('a')
    faults().push(refuses(403, 'forbidden', { message: DENIED('serviceusage.services.use') }))
    const error = await troubleOf({ userProject: 'payer-1' })
    expect(error).toMatchObject({ code: 'source-forbidden' })
    expect(String(error)).toContain('serviceusage.services.use')
    expect(String(error)).toContain('on project payer-1')
    expect(world.server.seen[0]?.query.get('userProject')).toBe('payer-1')
  })

  it('Google: a Requester Pays bucket refuses who names no project that pays', async () => {
    const message = 'Bucket is a requester pays bucket but no user project provided.'
    faults().push(refuses(400, 'required', { message }))
    const error = await troubleOf()
    expect(error).toMatchObject({ code: 'source-forbidden' })
    expect(String(error)).toContain('Set `userProject`')
  })

  it('401 is about the credentials', async () => {
    faults().push(refuses(401, 'required', { message: 'Anonymous caller does not have storage.objects.list access.' }))
    const error = await troubleOf()
    expect(error).toMatchObject({ code: 'source-forbidden' })
    expect(String(error)).toContain('application default credentials')
  })

  it('a bucket that is not there is source-unreadable', async () => {
    const error = await troubleOf({ bucket: 'no-such-bucket' })
    expect(error).toMatchObject({ code: 'source-unreadable' })
    expect(String(error)).toContain('bucket no-such-bucket: found that it does not exist')
  })

  it('an answer that is no JSON is told by its status alone', async () => {
    faults().push(() => ({ status: 418, headers: {}, body: Buffer.from('<b>robot@example.com</b>') }))
    const error = await troubleOf()
    expect(error).toMatchObject({ code: 'source-unreadable' })
    expect(String(error)).toContain('HTTP 418')
    expect(String(error)).not.toContain('robot')
  })

  it('a redirect is not followed', async () => {
    faults().push(() => ({ status: 302, headers: { location: world.server.endpoint }, body: Buffer.alloc(0) }))
    expect(await troubleOf()).toMatchObject({ code: 'source-unreadable' })
    expect(world.server.seen.length).toBe(1)
  })
})
