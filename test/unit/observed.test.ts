/** Listings, copies and requests to Didomi as spans: whole, ended once, and without a key, a URL or a body. */

import { describe, expect, it } from 'vitest'
import { withObserver } from '../../src/didomi/observed.ts'
import { type Answer, NoAnswer } from '../../src/didomi/send.ts'
import { CodedError } from '../../src/lib/errors.ts'
import type { Observer } from '../../src/observe/observer.ts'
import { Readings } from '../../src/observe/readings.ts'
import type { ObjectSink } from '../../src/source/object-sink.ts'
import { type ListedObject, type ObjectStore, objectDamaged } from '../../src/source/object-store.ts'
import { observedSink, observedStore } from '../../src/source/observed.ts'

const SIGNAL = new AbortController().signal
const KEY = 'data/users/ada@example.com'

/** Keeps what it is told of each span, in the order of their ends. */
function watcher() {
  const ended: Array<Readonly<Record<string, unknown>>> = []
  const observer: Observer = {
    open: (name, attributes, title) => {
      const span: Record<string, unknown> = { name: title ?? name, ...attributes }
      return {
        within: (work) => work(),
        set: (more) => void Object.assign(span, more),
        end: () => void ended.push(span),
      }
    },
    ids: () => ({}),
    readings: new Readings(),
  }
  return { ended, observer }
}

const object = (key: string): ListedObject => ({ key, size: 1, etag: 'e', modifiedAt: 0 as ListedObject['modifiedAt'] })

const storeOf = (list: ObjectStore['list']): ObjectStore => ({
  list,
  open: () => Promise.reject(objectDamaged(KEY, 'nothing')),
})

describe('a listing', () => {
  it('is a span with the number of its objects, and gives every one on', async () => {
    const { ended, observer } = watcher()
    const store = observedStore(
      storeOf(async function* () {
        yield object(KEY)
        yield object(`${KEY}2`)
      }),
      observer,
    )
    const keys: string[] = []
    for await (const { key } of store.list('data/', SIGNAL)) keys.push(key)
    expect(keys).toEqual([KEY, `${KEY}2`])
    expect(ended).toEqual([{ name: 'list objects', 'didomi_dataverse.objects': 2 }])
    await expect(store.open(KEY, { etag: 'e' }, SIGNAL)).rejects.toThrow('object-damaged')
  })

  it('that is left early ends, and lets go of what it lists', async () => {
    const { ended, observer } = watcher()
    let freed = false
    const store = observedStore(
      storeOf(async function* () {
        try {
          yield object(KEY)
          yield object(KEY)
        } finally {
          freed = true
        }
      }),
      observer,
    )
    for await (const _ of store.list('', SIGNAL)) break
    expect([freed, ended]).toEqual([true, [{ name: 'list objects', 'didomi_dataverse.objects': 1 }]])
  })

  it('that fails names the code of the error, and nothing of its message', async () => {
    const { ended, observer } = watcher()
    const trouble = { where: KEY, found: KEY, expected: 'a bucket', remedy: 'Look.' }
    const store = observedStore(
      // biome-ignore lint/correctness/useYield: it fails before its first object
      storeOf(async function* () {
        throw new CodedError('source-unreadable', [trouble])
      }),
      observer,
    )
    await expect(store.list('', SIGNAL)[Symbol.asyncIterator]().next()).rejects.toThrow('source-unreadable')
    expect(ended).toEqual([{ name: 'list objects', 'didomi_dataverse.objects': 0, 'error.type': 'source-unreadable' }])
  })
})

describe('a copy', () => {
  it('is a span with its size; its key is told to the bucket alone', async () => {
    const { ended, observer } = watcher()
    const put: string[] = []
    const sink: ObjectSink = { put: async (key) => void put.push(key) }
    await observedSink(sink, observer).put(KEY, 7, (async function* () {})(), SIGNAL)
    expect(put).toEqual([KEY])
    expect(ended).toEqual([{ name: 'put object', 'didomi_dataverse.bytes': 7 }])
  })
})

describe('a request to Didomi', () => {
  const call = { what: 'users', method: 'GET', url: new URL(`https://api.didomi.io/v1/${KEY}`) } as const
  const sent = async (answer: () => Promise<Answer>) => {
    const { ended, observer } = watcher()
    await withObserver(answer, observer)(call, SIGNAL).catch(() => {})
    return ended
  }

  it.each([
    ['an answer', async () => ({ status: 200, answeredAtMs: 0 }), { 'http.response.status_code': 200 }],
    [
      'a refusal',
      async () => ({ status: 429, answeredAtMs: 0 }),
      { 'http.response.status_code': 429, 'error.type': '429' },
    ],
    ['no answer', () => Promise.reject(new NoAnswer('ECONNRESET')), { 'error.type': 'NoAnswer' }],
  ] as const)('with %s is a span of what was asked for', async (_, answer, more) => {
    expect(await sent(answer)).toEqual([{ name: 'Didomi users', 'http.request.method': 'GET', ...more }])
  })
})

it('where nobody looks, everything is what it was', () => {
  const [store, sink] = [storeOf(async function* () {}), { put: async () => {} }]
  const send = async () => ({ status: 200, answeredAtMs: 0 })
  expect([observedStore(store, undefined), observedSink(sink, undefined), withObserver(send, undefined)]).toEqual([
    store,
    sink,
    send,
  ])
})
