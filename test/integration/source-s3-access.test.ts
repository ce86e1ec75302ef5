/** Who we are to S3: the default chain, an assumed role, credentials that expire, and what is said when none will do. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { CodedError } from '../../src/lib/errors.ts'
import type { ObjectStore } from '../../src/source/object-store.ts'
import { openS3 } from '../../src/source/s3.ts'
import type { S3Options } from '../../src/source/s3-connection.ts'
import { collect } from '../contract/object-store.ts'
import { breaksAfter, refuses, refusesRole } from '../support/s3-fault.ts'
import { forgetCredentials, openS3World, ROLE, type S3World } from '../support/s3-world.ts'

const KEY = 'data/part-0.json.gz'
const BYTES = Buffer.alloc(100_000, 'x')
const never = (): AbortSignal => new AbortController().signal

let world: S3World
let etag: string
const opened: Array<{ close(): void }> = []

beforeEach(async () => {
  world = await openS3World()
  etag = world.server.put(KEY, BYTES)
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

const list = (store: ObjectStore) => collect(store.list('', never()))
const read = async (store: ObjectStore) => Buffer.concat(await collect(await store.open(KEY, { etag }, never())))
const signedBy = () => world.server.seen.map(({ operation, accessKeyId }) => [operation, accessKeyId])

async function failure(doing: Promise<unknown>): Promise<CodedError> {
  const error = await doing.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof CodedError)) throw new Error('no coded error')
  return error
}

const setKeys = (id: string) => {
  process.env['AWS_ACCESS_KEY_ID'] = id
}
const expired = refuses(400, 'ExpiredToken', { message: 'The provided token has expired.' })

describe('the default chain', () => {
  it('signs with what it finds', async () => {
    await list(open())
    expect(signedBy()).toEqual([['list', 'AKIAFIRST']])
  })

  it.each(['ExpiredToken', 'ExpiredTokenException', 'InvalidToken', 'TokenRefreshRequired'])(
    'is asked anew when credentials turn out as %s midway, and the read goes on',
    async (code) => {
      world.server.faults.get.push(
        (answer, send) => {
          setKeys('AKIASECOND')
          return breaksAfter(40_000)(answer, send)
        },
        refuses(400, code),
      )
      expect((await read(open())).equals(BYTES)).toBe(true)
      expect(world.server.seen.map(({ accessKeyId, range }) => [accessKeyId, range])).toEqual([
        ['AKIAFIRST', undefined],
        ['AKIAFIRST', 'bytes=40000-'],
        ['AKIASECOND', 'bytes=40000-'],
      ])
    },
  )

  it('is asked anew as often as credentials expire in a long listing', async () => {
    for (const key of ['e', 'f', 'g']) world.server.put(key, BYTES)
    world.server.pageSize = 1
    const store = open()
    world.server.faults.list.push(undefined, expired, undefined, expired, undefined)
    expect((await list(store)).length).toBe(4)
  })

  it('is asked anew once by requests that expire together', async () => {
    const store = open({ assumeRole: ROLE })
    await list(store)
    world.server.faults.list.push(expired, expired, expired)
    await Promise.all([list(store), list(store), list(store)])
    expect(world.server.requests('role')).toHaveLength(2)
  })

  it('says source-forbidden when new credentials are expired too, for listing and reading', async () => {
    world.server.faults.list.push(expired, expired)
    world.server.faults.get.push(expired, expired)
    for (const doing of [list(open()), read(open())]) {
      const { code, message } = await failure(doing)
      expect(code).toBe('source-forbidden')
      expect(message).toMatch(/ExpiredToken \(HTTP 400\), also after asking for new ones/)
    }
    expect(world.server.seen).toHaveLength(4)
  })

  it('says source-forbidden when it finds none, and asks nobody', async () => {
    forgetCredentials()
    for (const doing of [list(open()), read(open())]) {
      const { code, message } = await failure(doing)
      expect(code).toBe('source-forbidden')
      expect(message).toMatch(/credentials for bucket exports: found none/)
    }
    expect(world.server.seen).toEqual([])
  })

  it.each(['InvalidAccessKeyId', 'SignatureDoesNotMatch'])('says source-forbidden on %s', async (code) => {
    world.server.faults.list.push(refuses(403, code))
    world.server.faults.get.push(refuses(403, code))
    expect((await failure(list(open()))).code).toBe('source-forbidden')
    expect((await failure(read(open()))).code).toBe('source-forbidden')
  })

  it('says what to do where the clock is off', async () => {
    // The SDK corrects its clock by the answer's date, which is no help where that does not differ.
    world.server.faults.list.push(refuses(403, 'RequestTimeTooSkewed'))
    const { code, message } = await failure(list(open()))
    expect(code).toBe('source-forbidden')
    expect(message).toMatch(/Set the clock/)
  })
})

describe('a denied listing', () => {
  it('says source-forbidden, which bucket, and that s3:ListBucket is missing', async () => {
    world.server.faults.list.push(refuses(403, 'AccessDenied'))
    const { code, message } = await failure(list(open()))
    expect(code).toBe('source-forbidden')
    expect(message).toMatch(/bucket exports: found AccessDenied \(HTTP 403\).*s3:ListBucket for our credentials/)
    expect(world.server.seen).toHaveLength(1)
  })

  it('names the role that lacks it', async () => {
    world.server.faults.list.push(refuses(403, 'AccessDenied'))
    const { message } = await failure(list(open({ assumeRole: ROLE })))
    expect(message).toContain(`s3:ListBucket for ${ROLE.roleArn}`)
  })

  it('speaks of requestPayer only where it is not set', async () => {
    world.server.faults.list.push(refuses(403, 'AccessDenied'), refuses(403, 'AccessDenied'))
    expect((await failure(list(open({ requestPayer: false })))).message).toContain('requestPayer')
    expect((await failure(list(open()))).message).not.toContain('requestPayer')
  })
})

describe('an assumed role', () => {
  it('is asked for with its name, external id and duration, and signs every request', async () => {
    const store = open({ assumeRole: ROLE })
    await list(store)
    await read(store)
    expect(signedBy()).toEqual([
      ['role', 'AKIAFIRST'],
      ['list', 'ASIA1'],
      ['get', 'ASIA1'],
    ])
    const [asked] = world.server.requests('role')
    expect(asked?.region).toBe('eu-central-1')
    expect(Object.fromEntries(asked?.query ?? [])).toMatchObject({
      Action: 'AssumeRole',
      RoleArn: ROLE.roleArn,
      RoleSessionName: 'didomi-dataverse',
      ExternalId: 'external-1',
      DurationSeconds: '3600',
    })
    expect(world.server.requests('list')[0]?.token).toBe('token-1')
  })

  it('is asked for without an external id where none is set', async () => {
    const { externalId: _, ...role } = ROLE
    await list(open({ assumeRole: role }))
    expect(world.server.requests('role')[0]?.query.has('ExternalId')).toBe(false)
  })

  it('is renewed shortly before it expires', async () => {
    world.server.roleExpiresAt = new Date(Date.now() + 60_000)
    const store = open({ assumeRole: ROLE })
    await list(store)
    world.server.roleExpiresAt = new Date(Date.now() + 3_600_000)
    await list(store)
    await list(store)
    const [first, second, third] = world.server.requests('list').map(({ accessKeyId }) => accessKeyId)
    expect(second).not.toBe(first)
    expect(third).toBe(second)
  })

  it('is asked for anew when it turns out expired midway, and the read goes on', async () => {
    world.server.faults.get.push(breaksAfter(70_000), expired)
    expect((await read(open({ assumeRole: ROLE }))).equals(BYTES)).toBe(true)
    expect(world.server.seen.map(({ operation, accessKeyId, range }) => [operation, accessKeyId, range])).toEqual([
      ['role', 'AKIAFIRST', undefined],
      ['get', 'ASIA1', undefined],
      ['get', 'ASIA1', 'bytes=70000-'],
      ['role', 'AKIAFIRST', undefined],
      ['get', 'ASIA2', 'bytes=70000-'],
    ])
  })

  it('is asked for with new credentials where those that ask are expired', async () => {
    world.server.faults.role.push((answer, send) => {
      setKeys('AKIASECOND')
      return refusesRole(403, 'ExpiredTokenException')(answer, send)
    })
    await list(open({ assumeRole: ROLE }))
    expect(signedBy()).toEqual([
      ['role', 'AKIAFIRST'],
      ['role', 'AKIASECOND'],
      ['list', 'ASIA2'],
    ])
  })

  it.each([
    ['is denied', refusesRole(403, 'AccessDenied'), /AccessDenied \(HTTP 403\).*sts:AssumeRole/],
    [
      'lasts too long',
      refusesRole(400, 'ValidationError', 'The requested DurationSeconds exceeds the MaxSessionDuration set.'),
      /3600 s is not allowed.*assumeRole\.duration/,
    ],
  ])('says source-forbidden where it %s, for listing and reading', async (_, fault, words) => {
    world.server.faults.role.push(fault, fault)
    for (const doing of [() => list(open({ assumeRole: ROLE })), () => read(open({ assumeRole: ROLE }))]) {
      const { code, message } = await failure(doing())
      expect(code).toBe('source-forbidden')
      expect(message).toContain(`role ${ROLE.roleArn}`)
      expect(message).toMatch(words)
    }
    expect(world.server.requests('role')).toHaveLength(2)
    expect(world.server.seen).toHaveLength(2)
  })

  it('says source-forbidden where those that ask are expired and stay so', async () => {
    world.server.faults.role.push(refusesRole(403, 'ExpiredTokenException'), refusesRole(403, 'ExpiredTokenException'))
    const { code, message } = await failure(list(open({ assumeRole: ROLE })))
    expect(code).toBe('source-forbidden')
    expect(message).toMatch(/the credentials that ask for the role are expired/)
  })

  it('says source-forbidden where nobody is there to ask for it', async () => {
    forgetCredentials()
    const { code, message } = await failure(list(open({ assumeRole: ROLE })))
    expect(code).toBe('source-forbidden')
    expect(message).toMatch(/credentials for bucket exports: found none/)
  })

  it('says source-unreadable where the token service cannot be reached', async () => {
    process.env['AWS_ENDPOINT_URL_STS'] = 'http://127.0.0.1:1'
    const { code, message } = await failure(list(open({ assumeRole: ROLE })))
    expect(code).toBe('source-unreadable')
    expect(message).toMatch(/ECONNREFUSED from the service that gives credentials/)
  })
})

describe('secrets', () => {
  it('are in no error, nor its cause, nor what hangs on it', async () => {
    const leak = '<AWSAccessKeyId>AKIAFIRST</AWSAccessKeyId><StringToSign>AWS4 AKIAFIRST</StringToSign>'
    const leaking = () => ({
      status: 403,
      headers: {},
      body: Buffer.from(`<Error><Code>SignatureDoesNotMatch</Code><Message>AKIAFIRST</Message>${leak}</Error>`),
    })
    world.server.faults.list.push(leaking)
    world.server.faults.get.push(leaking)
    world.server.faults.role.push(refusesRole(403, 'AccessDenied', 'User AKIAFIRST'))
    for (const doing of [list(open()), read(open()), list(open({ assumeRole: ROLE }))]) {
      const error = await failure(doing)
      const told = [error, error.cause].map(
        (one) => `${String(one)} ${JSON.stringify(one)} ${Object.entries(Object(one))}`,
      )
      expect(told.join()).not.toMatch(/AKIAFIRST|a-secret-that-nobody-sees|Signature=/)
      expect(error.cause).toBeInstanceOf(Error)
      expect((error.cause as Error).cause).toBeUndefined()
    }
  })

  it('and consents go over no plain http that the environment asks for', async () => {
    process.env['AWS_ENDPOINT_URL_STS'] = 'http://sts.example.test'
    const { message } = await failure(list(open({ assumeRole: ROLE })))
    expect(message).toMatch(/PlainHttpEndpoint/)
    const { endpoint: _, ...options } = world.optionsOf()
    process.env['AWS_ENDPOINT_URL_S3'] = 'http://s3.example.test'
    const store = openS3(options)
    opened.push(store)
    expect((await failure(list(store))).message).toMatch(/PlainHttpEndpoint/)
  })
})
