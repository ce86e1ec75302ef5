/** What every object store must do, as tests over a factory. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { ListedObject, ObjectStore } from '../../src/source/object-store.ts'

/** A store to test, with a hand on its content from outside. */
export interface StoreUnderTest {
  readonly store: ObjectStore
  put(key: string, bytes: Uint8Array): Promise<void>
  remove(key: string): Promise<void>
  /** A store of the same kind whose root or bucket does not exist. */
  readonly missing: ObjectStore
  close(): Promise<void>
}

/** Everything an iteration gives. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

const text = (value: string): Uint8Array => Buffer.from(value)
const never = (): AbortSignal => new AbortController().signal

async function listed(store: ObjectStore, prefix: string): Promise<ListedObject[]> {
  return collect(store.list(prefix, never()))
}

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await collect(chunks))
}

/** The one object of a listing. */
function only(objects: readonly ListedObject[]): ListedObject {
  const [object, ...others] = objects
  if (object === undefined || others.length > 0) throw new Error(`expected one object, got ${objects.length}`)
  return object
}

export function objectStoreContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`object store: ${name}`, () => {
    let subject: StoreUnderTest
    beforeEach(async () => {
      subject = await open()
    })
    afterEach(() => subject.close())

    listing(() => subject)
    reading(() => subject)
    stopping(() => subject)
  })
}

function listing(subject: () => StoreUnderTest): void {
  it('lists key, size, ETag and modification time, sorted by the bytes of the key', async () => {
    const { store, put } = subject()
    for (const key of ['data/a/x', 'data/a.b', 'data/a0', 'data/é', 'data/Z']) await put(key, text(key))
    const objects = await listed(store, 'data/')
    expect(objects.map(({ key }) => key)).toEqual(['data/Z', 'data/a.b', 'data/a/x', 'data/a0', 'data/é'])
    expect(objects.map(({ size }) => size)).toEqual([6, 8, 8, 7, 7])
    for (const { etag, modifiedAt } of objects) {
      expect(etag).not.toBe('')
      expect(Number.isSafeInteger(modifiedAt)).toBe(true)
    }
  })

  it('takes any text as prefix, not only a folder, and finds nothing where nothing is', async () => {
    const { store, put } = subject()
    for (const key of ['data/ab/1', 'data/abc', 'data/b', 'other/ab']) await put(key, text('x'))
    expect((await listed(store, 'data/ab')).map(({ key }) => key)).toEqual(['data/ab/1', 'data/abc'])
    expect((await listed(store, '')).length).toBe(4)
    expect(await listed(store, 'data/abcd')).toEqual([])
    expect(await listed(store, 'nothing/')).toEqual([])
    expect(await listed(store, '../')).toEqual([])
  })

  it('lists more objects than one page of a bucket holds', async () => {
    const { store, put } = subject()
    const keys = Array.from({ length: 1_050 }, (_, index) => `data/part-${String(index).padStart(5, '0')}.json.gz`)
    for (const key of keys) await put(key, text('x'))
    expect((await listed(store, 'data/')).map(({ key }) => key)).toEqual(keys)
  })

  it('keeps keys as they are, percent signs, blanks and signs included', async () => {
    const { store, put } = subject()
    const key = 'data/export-id=a%2Fb/date=2026-10-20/users/part 1+2=é.json.gz'
    await put(key, text('x'))
    const object = only(await listed(store, 'data/export-id=a%2Fb/'))
    expect(object.key).toBe(key)
    expect((await bytesOf(await store.open(key, object, never()))).toString()).toBe('x')
  })

  it('gives an unchanged object the same ETag and a replaced one another', async () => {
    const { store, put } = subject()
    await put('data/x', text('one'))
    const before = only(await listed(store, 'data/'))
    expect(only(await listed(store, 'data/')).etag).toBe(before.etag)
    await put('data/x', text('three'))
    expect(only(await listed(store, 'data/')).etag).not.toBe(before.etag)
  })

  it('says source-unreadable where the root does not exist', async () => {
    await expect(listed(subject().missing, 'data/')).rejects.toMatchObject({ code: 'source-unreadable' })
  })
}

function reading(subject: () => StoreUnderTest): void {
  it('gives the bytes exactly, whatever their number', async () => {
    const { store, put } = subject()
    const large = Buffer.from(Array.from({ length: 700_001 }, (_, index) => (index * 31) % 251))
    await put('data/empty', new Uint8Array())
    await put('data/large', large)
    const [empty, whole] = await listed(store, 'data/')
    if (empty === undefined || whole === undefined) throw new Error('not listed')
    expect((await bytesOf(await store.open(empty.key, empty, never()))).length).toBe(0)
    expect((await bytesOf(await store.open(whole.key, whole, never()))).equals(large)).toBe(true)
  })

  it('§8.1 an object replaced between list and open is damaged', async () => {
    const { store, put } = subject()
    await put('data/x', text('one'))
    const object = only(await listed(store, 'data/'))
    await put('data/x', text('three'))
    await expect((async () => bytesOf(await store.open(object.key, object, never())))()).rejects.toMatchObject({
      code: 'object-damaged',
    })
  })

  it('§8.1 an object removed between list and open is damaged', async () => {
    const { store, put, remove } = subject()
    await put('data/x', text('one'))
    const object = only(await listed(store, 'data/'))
    await remove('data/x')
    await expect((async () => bytesOf(await store.open(object.key, object, never())))()).rejects.toMatchObject({
      code: 'object-damaged',
    })
  })
}

function stopping(subject: () => StoreUnderTest): void {
  it('ends with the reason of an aborted signal', async () => {
    const { store, put } = subject()
    await put('data/x', text('one'))
    const object = only(await listed(store, 'data/'))
    const reason = new Error('stop')
    const aborted = AbortSignal.abort(reason)
    await expect(collect(store.list('data/', aborted))).rejects.toBe(reason)
    await expect((async () => bytesOf(await store.open('data/x', object, aborted)))()).rejects.toBe(reason)
  })

  it('ends with the reason when aborted amid the bytes', async () => {
    const { store, put } = subject()
    await put('data/x', Buffer.alloc(3_000_000, 1))
    const object = only(await listed(store, 'data/'))
    const control = new AbortController()
    const reason = new Error('stop')
    const read = async () => {
      for await (const _ of await store.open('data/x', object, control.signal)) control.abort(reason)
    }
    await expect(read()).rejects.toBe(reason)
  })

  it('may be left early and read again', async () => {
    const { store, put } = subject()
    await put('data/x', Buffer.alloc(3_000_000, 1))
    const object = only(await listed(store, 'data/'))
    for await (const chunk of await store.open('data/x', object, never())) {
      expect(chunk.length).toBeGreaterThan(0)
      break
    }
    expect((await bytesOf(await store.open('data/x', object, never()))).length).toBe(3_000_000)
  })
}
