/** What every object sink must do, as tests over a factory. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { ObjectSink } from '../../src/source/object-sink.ts'

/** A sink to test, with an eye on its content from outside. */
export interface SinkUnderTest {
  readonly sink: ObjectSink
  /** The bytes under a key; `undefined` where nothing lies. */
  read(key: string): Promise<Uint8Array | undefined>
  /** Every key that a reader of the archive would find, in any order. */
  keys(): Promise<readonly string[]>
  close(): Promise<void>
}

/** Keys that no archive may take: each would leave a folder, or fall together with another key in it. */
const HOSTILE_KEYS = [
  '../x',
  'a/../../x',
  'a/../x',
  'a/..',
  '..',
  '/../x',
  './x',
  'a/./x',
  'a//x',
  'a/',
  '/',
  '',
  'a\0/x',
]

const LARGE_BYTES = 3_000_001
const CHUNK_BYTES = 65_536

const text = (value: string): Uint8Array => Buffer.from(value)
const never = (): AbortSignal => new AbortController().signal

async function* chunks(...parts: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  yield* parts
}

/** Bytes that differ from place to place, in chunks. */
async function* largeChunks(large: Uint8Array): AsyncIterable<Uint8Array> {
  for (let at = 0; at < large.length; at += CHUNK_BYTES) yield large.subarray(at, at + CHUNK_BYTES)
}

/** Compared as text, so that a failure is readable; what is long is only counted. */
function shown(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined) return undefined
  return bytes.length > 100 ? `${bytes.length} bytes` : Buffer.from(bytes).toString()
}

const largeBytes = (): Uint8Array => Uint8Array.from({ length: LARGE_BYTES }, (_, index) => (index * 31) % 251)

/** What the server behind a sink is known not to do. */
export interface SinkExceptions {
  /** It stores what arrived of an upload that broke off; the tests that need more run against another server. */
  readonly keepsTornUploads?: boolean
}

export function objectSinkContract(
  name: string,
  open: () => Promise<SinkUnderTest>,
  { keepsTornUploads = false }: SinkExceptions = {},
): void {
  describe(`object sink: ${name}`, () => {
    let subject: SinkUnderTest
    beforeEach(async () => {
      subject = await open()
    })
    afterEach(() => subject.close())

    writing(() => subject)
    failing(() => subject)
    if (!keepsTornUploads) tearing(() => subject)
    refusing(() => subject)
  })
}

function writing(subject: () => SinkUnderTest): void {
  it('keeps an object under its key, byte for byte', async () => {
    const { sink, read, keys } = subject()
    const key = 'data/export-id=a%2Fb/date=2026-10-20/users/part 1+2=é.json.gz'
    await sink.put(key, 6, chunks(text('one'), new Uint8Array(), text('two')), never())
    expect(shown(await read(key))).toBe('onetwo')
    expect(await keys()).toEqual([key])
  })

  it('keeps an empty object', async () => {
    const { sink, read, keys } = subject()
    await sink.put('data/_SUCCESS', 0, chunks(), never())
    expect(shown(await read('data/_SUCCESS'))).toBe('')
    expect(await keys()).toEqual(['data/_SUCCESS'])
  })

  it('keeps a large object', async () => {
    const { sink, read } = subject()
    const large = largeBytes()
    await sink.put('data/large', large.length, largeChunks(large), never())
    const kept = await read('data/large')
    expect(kept !== undefined && Buffer.compare(kept, large) === 0).toBe(true)
  })

  it('replaces an object', async () => {
    const { sink, read, keys } = subject()
    await sink.put('data/x', 5, chunks(text('first')), never())
    await sink.put('data/x', 3, chunks(text('new')), never())
    expect(shown(await read('data/x'))).toBe('new')
    expect(await keys()).toEqual(['data/x'])
  })

  it('drops slashes at the start of a key', async () => {
    const { sink, read, keys } = subject()
    await sink.put('//data/x', 1, chunks(text('x')), never())
    expect(shown(await read('data/x'))).toBe('x')
    expect(await keys()).toEqual(['data/x'])
  })

  it('keeps several objects at once apart', async () => {
    const { sink, read } = subject()
    const keys = ['data/a', 'data/b/c', 'data/b/d', 'e']
    await Promise.all(keys.map((key) => sink.put(key, key.length, chunks(text(key)), never())))
    for (const key of keys) expect(shown(await read(key))).toBe(key)
  })

  it('takes names with two dots in them', async () => {
    const { sink, keys } = subject()
    await sink.put('data/..x/y..z/...', 1, chunks(text('x')), never())
    expect(await keys()).toEqual(['data/..x/y..z/...'])
  })
}

/** Ways a put fails, each with what it must throw; `size` is what the bytes should have been. */
interface Failure {
  readonly what: string
  readonly size: number
  readonly bytes: (control: AbortController) => AsyncIterable<Uint8Array>
  readonly thrown: (error: unknown) => void
}

const broken = new Error('the source broke')
const stop = new Error('stop')

const FAILURES: readonly Failure[] = [
  {
    what: 'an error of the bytes, which is thrown as it is,',
    size: LARGE_BYTES,
    bytes: async function* () {
      for await (const chunk of largeChunks(largeBytes().subarray(0, LARGE_BYTES / 2))) yield chunk
      throw broken
    },
    thrown: (error) => expect(error).toBe(broken),
  },
  {
    what: 'an abort amid the bytes, whose reason is thrown,',
    size: LARGE_BYTES,
    bytes: async function* (control) {
      for await (const chunk of largeChunks(largeBytes())) {
        yield chunk
        control.abort(stop)
      }
    },
    thrown: (error) => expect(error).toBe(stop),
  },
  {
    what: 'bytes that end early',
    size: LARGE_BYTES,
    bytes: () => largeChunks(largeBytes().subarray(0, LARGE_BYTES - 1)),
    thrown: (error) => expect(error).toMatchObject({ code: 'archive-unwritable' }),
  },
  {
    what: 'more bytes than were promised',
    size: LARGE_BYTES - 1,
    bytes: () => largeChunks(largeBytes()),
    thrown: (error) => expect(error).toMatchObject({ code: 'archive-unwritable' }),
  },
  {
    what: 'bytes for an empty object',
    size: 0,
    bytes: () => chunks(text('x')),
    thrown: (error) => expect(error).toMatchObject({ code: 'archive-unwritable' }),
  },
]

async function failure(sink: ObjectSink, { size, bytes }: Failure): Promise<unknown> {
  const control = new AbortController()
  return sink.put('data/x', size, bytes(control), control.signal).then(
    () => undefined,
    (error: unknown) => error,
  )
}

function tearing(subject: () => SinkUnderTest): void {
  it.each(FAILURES)('writes nothing on $what where nothing lay', async (one) => {
    const { sink, keys } = subject()
    one.thrown(await failure(sink, one))
    expect(await keys()).toEqual([])
  })

  it.each(FAILURES)('leaves the object before it on $what', async (one) => {
    const { sink, read, keys } = subject()
    await sink.put('data/x', 6, chunks(text('before')), never())
    one.thrown(await failure(sink, one))
    expect(shown(await read('data/x'))).toBe('before')
    expect(await keys()).toEqual(['data/x'])
  })

  it('writes an object whose first put failed', async () => {
    const { sink, read } = subject()
    const [one] = FAILURES
    if (one === undefined) throw new Error('no failure to try')
    one.thrown(await failure(sink, one))
    await sink.put('data/x', 3, chunks(text('now')), never())
    expect(shown(await read('data/x'))).toBe('now')
  })
}

function failing(subject: () => SinkUnderTest): void {
  it('takes no byte after an abort, whose reason is thrown', async () => {
    const { sink, keys } = subject()
    let asked = false
    const bytes = async function* () {
      asked = true
      yield text('x')
    }
    await expect(sink.put('data/x', 1, bytes(), AbortSignal.abort(stop))).rejects.toBe(stop)
    expect(asked).toBe(false)
    expect(await keys()).toEqual([])
  })

  it('frees the source of the bytes when a put fails', async () => {
    const { sink } = subject()
    let freed = false
    const bytes = async function* () {
      try {
        for (;;) yield new Uint8Array(CHUNK_BYTES)
      } finally {
        freed = true
      }
    }
    await expect(sink.put('data/x', CHUNK_BYTES, bytes(), never())).rejects.toMatchObject({
      code: 'archive-unwritable',
    })
    expect(freed).toBe(true)
  })
}

function refusing(subject: () => SinkUnderTest): void {
  it.each(HOSTILE_KEYS)('refuses the key %j before it takes a byte', async (key) => {
    const { sink, keys } = subject()
    let asked = false
    const bytes = async function* () {
      asked = true
      yield text('x')
    }
    await expect(sink.put(key, 1, bytes(), never())).rejects.toMatchObject({ code: 'archive-unwritable' })
    expect(asked).toBe(false)
    expect(await keys()).toEqual([])
  })
}
