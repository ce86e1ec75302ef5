/** Reading exports from moto as a role, over connections that break, with policies that refuse and sessions that end. */

import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { systemClock } from '../../src/lib/clock.ts'
import type { ObjectStore } from '../../src/source/object-store.ts'
import { openS3 } from '../../src/source/s3.ts'
import type { S3Options } from '../../src/source/s3-connection.ts'
import { collect } from '../contract/object-store.ts'
import type { TestBucket } from '../support/s3-server.ts'
import { type BreakingProxy, startBreakingProxy } from './breaking-proxy.ts'
import { actAs, type Moto, REGION, startMoto } from './moto.ts'

const never = (): AbortSignal => new AbortController().signal
const KEY = 'data/export-id=a/date=2026-10-20/users/part-0.json.gz'
/** Does not compress well, so that connections can break amid it. */
const LINES = Array.from(
  { length: 20_000 },
  (_, index) => `{"user":{"id":"${(index * 2_654_435_761) % 4_294_967_296}"}}\n`,
).join('')
const BYTES = gzipSync(LINES)

let moto: Moto
let bucket: TestBucket
let proxy: BreakingProxy
const opened: Array<{ close(): void }> = []

beforeAll(async () => {
  moto = await startMoto()
})
afterAll(() => moto.close())
beforeEach(async () => {
  bucket = await moto.makeBucket()
  await bucket.put(KEY, BYTES)
  proxy = await startBreakingProxy(moto.endpoint)
})
afterEach(async () => {
  for (const one of opened.splice(0)) one.close()
  await proxy.close()
})

function open(changes: Partial<S3Options> = {}): ObjectStore {
  const store = openS3({
    bucket: bucket.bucket,
    region: REGION,
    endpoint: proxy.endpoint,
    forcePathStyle: true,
    requestPayer: true,
    clock: systemClock,
    random: () => 0,
    ...changes,
  })
  opened.push(store)
  return store
}

const roleOf = (roleArn: string, sessionName = 'didomi-dataverse') => ({
  roleArn,
  externalId: 'external-1',
  sessionName,
  durationSeconds: 900,
})

async function listed(store: ObjectStore) {
  const [object] = await collect(store.list('data/', never()))
  if (object === undefined) throw new Error('not listed')
  return object
}

async function read(store: ObjectStore, object: { readonly etag: string }): Promise<Buffer> {
  return Buffer.concat(await collect(await store.open(KEY, object, never())))
}

describe('as a role', () => {
  it('a compressed object is read under the session’s name', async () => {
    actAs(await moto.makeUser('sts:AssumeRole'), moto)
    const role = await moto.makeRole('s3:ListBucket', 's3:GetObject')
    const store = open({ assumeRole: roleOf(role, 'consent-nightly') })
    expect(gunzipSync(await read(store, await listed(store))).toString()).toBe(LINES)
    const [session, ...others] = (await moto.sessions()).filter(
      ({ session_name }) => session_name === 'consent-nightly',
    )
    expect(session?.external_id).toBe('external-1')
    expect(others).toEqual([])
  })

  it('a session that ends midway is begun anew, and the read goes on', async () => {
    actAs(await moto.makeUser('sts:AssumeRole'), moto)
    const store = open({ assumeRole: roleOf(await moto.makeRole('s3:ListBucket', 's3:GetObject'), 'long-run') })
    const object = await listed(store)
    proxy.breaks.push(100_000)
    proxy.onBreak = () => moto.endSessions()
    // The listing's connection is kept for reuse; another store's first connection is the one that breaks.
    const other = open({ assumeRole: roleOf(await moto.makeRole('s3:ListBucket', 's3:GetObject'), 'long-run') })
    expect((await read(other, object)).equals(BYTES)).toBe(true)
    expect((await moto.sessions()).filter(({ session_name }) => session_name === 'long-run')).toHaveLength(3)
  })

  it.each([
    ['is nobody’s to assume: sts:AssumeRole is missing', 's3:*', ['s3:*'], /role arn:aws.*sts:AssumeRole/],
    ['may not list: s3:ListBucket is missing', 'sts:AssumeRole', ['s3:GetObject'], /s3:ListBucket for arn:aws/],
  ])('that %s', async (_, mine, its, words) => {
    actAs(await moto.makeUser(mine), moto)
    const store = open({ assumeRole: roleOf(await moto.makeRole(...its)) })
    await expect(listed(store)).rejects.toMatchObject({
      code: 'source-forbidden',
      message: expect.stringMatching(words),
    })
  })

  it('that may list but not read: s3:GetObject is missing', async () => {
    actAs(await moto.makeUser('sts:AssumeRole'), moto)
    const store = open({ assumeRole: roleOf(await moto.makeRole('s3:ListBucket')) })
    await expect(read(store, await listed(store))).rejects.toMatchObject({
      code: 'object-damaged',
      message: expect.stringMatching(/s3:GetObject for arn:aws/),
    })
  })
})

describe('as a user', () => {
  it('whose secret is wrong, nothing is listed', async () => {
    actAs({ ...(await moto.makeUser('s3:*')), secretAccessKey: 'wrong' }, moto)
    await expect(listed(open())).rejects.toMatchObject({
      code: 'source-forbidden',
      message: expect.stringMatching(/SignatureDoesNotMatch/),
    })
  })

  it('who is unknown, nothing is listed', async () => {
    actAs({ accessKeyId: 'AKIANOBODY', secretAccessKey: 'x' }, moto)
    await expect(listed(open())).rejects.toMatchObject({
      code: 'source-forbidden',
      message: expect.stringMatching(/InvalidAccessKeyId/),
    })
  })
})

describe('a connection that breaks', () => {
  beforeEach(async () => {
    actAs(await moto.makeUser('s3:ListBucket', 's3:GetObject'), moto)
  })

  it('is followed by others that ask for the rest of the same version', async () => {
    const object = await listed(open())
    proxy.asked.length = 0
    proxy.breaks.push(50_000, 20_000, 10)
    expect((await read(open(), object)).equals(BYTES)).toBe(true)
    const [first, ...others] = proxy.asked
    expect(first?.range).toBe('')
    expect(proxy.asked.map(({ ifMatch }) => ifMatch)).toEqual(Array(4).fill(object.etag))
    const starts = others.map(({ range }) => Number(/^bytes=(\d+)-$/.exec(range)?.[1]))
    // What passed the proxy is the bytes and less than a kilobyte of headers.
    expect(starts[0]).toBeGreaterThan(49_000)
    expect(starts[0]).toBeLessThan(50_000)
    expect((starts[1] ?? 0) - (starts[0] ?? 0)).toBeGreaterThan(19_000)
    expect(starts[2]).toBe(starts[1])
  })

  it('§8.1 finds an object that was replaced meanwhile to be damaged', async () => {
    const object = await listed(open())
    proxy.breaks.push(50_000)
    proxy.onBreak = () => bucket.put(KEY, gzipSync('another'))
    await expect(read(open(), object)).rejects.toMatchObject({
      code: 'object-damaged',
      message: expect.stringMatching(/replaced while it was read/),
    })
  })
})
