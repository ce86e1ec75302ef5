/** The client of Didomi's API over HTTP: sessions, pages, the export log, and everything that can go wrong on the way. */

import { afterEach, describe, expect, it } from 'vitest'
import type { Didomi } from '../../src/didomi/didomi.ts'
import type { DidomiOptions } from '../../src/didomi/open.ts'
import { type DidomiEmulator, startDidomiEmulator } from '../../src/emulator/didomi.ts'
import type { DidomiFault } from '../../src/emulator/didomi-faults.ts'
import type { DidomiEmulatorOptions } from '../../src/emulator/didomi-settings.ts'
import { CodedError } from '../../src/lib/errors.ts'
import { countingClock } from '../support/dataverse-options.ts'
import { didomiAt, settableClock, userOf } from '../support/didomi-users.ts'

const START_MS = Date.UTC(2026, 9, 23, 2, 15)
const never = new AbortController().signal
const users = (count: number, more: Readonly<Record<string, unknown>> = {}) =>
  Array.from({ length: count }, (_, number) => userOf(`p${number}@example.com`, { user: more }))

const open: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

async function api(given: DidomiEmulatorOptions = {}): Promise<DidomiEmulator> {
  const emulator = await startDidomiEmulator({ now: () => START_MS, ...given })
  open.push(() => emulator.close())
  return emulator
}

function client(emulator: DidomiEmulator, more: Partial<DidomiOptions> = {}): Didomi {
  const didomi = didomiAt(emulator, more)
  open.push(() => didomi.close())
  return didomi
}

async function allUsers(didomi: Didomi): Promise<unknown[]> {
  const found: unknown[] = []
  let cursor: string | undefined
  do {
    const page = await didomi.users(cursor, never)
    found.push(...page.users)
    cursor = page.cursor
  } while (cursor !== undefined)
  return found
}

/** The error of a call that must fail; its text holds neither key, secret, token nor user. */
async function failure(work: Promise<unknown>): Promise<CodedError> {
  const error = await work.then(
    () => expect.unreachable('the call must fail'),
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(CodedError)
  const { message } = error as CodedError
  expect(message).not.toMatch(/emulated-|eyJ|example\.com|Bearer/)
  return error as CodedError
}

describe('users', () => {
  it('come in pages until the cursor is null, as they came, in one session', async () => {
    const odd = ['a text', null, 7, [], JSON.parse('{"__proto__":{"x":1},"id":"a"}')]
    const all = [...users(248), ...odd]
    const emulator = await api({ users: all })
    const found = await allUsers(client(emulator))
    expect(JSON.stringify(found)).toBe(JSON.stringify(all))
    expect(emulator.counters).toMatchObject({ sessions: 1, opened: 1, users: 3, unauthorised: 0 })
    expect(emulator.counters.queries[0]).toBe('?organization_id=acme')
  })

  it('a last page that is full is followed by an empty one', async () => {
    const emulator = await api({ users: users(200) })
    expect(await allUsers(client(emulator))).toHaveLength(200)
    expect(emulator.counters.users).toBe(3)
  })

  it('§2.2 other regulations are asked for by name: without it Didomi answers GDPR users alone', async () => {
    const emulator = await api({ users: [...users(2), ...users(3, { regulation: 'cpra' })] })
    expect(await allUsers(client(emulator))).toHaveLength(2)
    expect(await allUsers(client(emulator, { regulations: ['gdpr', 'cpra'] }))).toHaveLength(5)
    expect(await allUsers(client(emulator, { regulations: ['cpra'] }))).toHaveLength(3)
  })

  it('§2.4 a page tells when it was answered, by the server; without a date by our clock', async () => {
    const dated = client(await api(), { clock: countingClock(START_MS + 5_000) })
    expect((await dated.users(undefined, never)).answeredAt).toBe(START_MS * 1_000)
    const undated = client(await api({ dated: false }), { clock: countingClock(START_MS + 5_000) })
    expect((await undated.users(undefined, never)).answeredAt).toBe((START_MS + 5_000) * 1_000)
  })

  it('a cursor that is refused says how to begin anew', async () => {
    const error = await failure(client(await api()).users('somewhere', never))
    expect(error.code).toBe('didomi-unavailable')
    expect(error.message).toContain('--restart')
  })

  it.each([
    ['no page', { users: [] }],
    ['a bare list', []],
    ['a full page that names no cursor', { data: users(2), limit: 2 }],
    ['a text', 'maintenance'],
  ])('%s is refused at once: it must not look like the last page', async (_, body) => {
    const emulator = await api({ users: users(2) })
    emulator.faults.add('users', { kind: 'other', body })
    expect((await failure(client(emulator).users(undefined, never))).code).toBe('didomi-unavailable')
    expect(emulator.counters.users).toBe(1)
  })

  it('a page that leads to itself is refused', async () => {
    const emulator = await api({ users: users(200) })
    const didomi = client(emulator)
    const { cursor } = await didomi.users(undefined, never)
    emulator.faults.add('users', { kind: 'other', body: { data: [], limit: 100, cursor } })
    expect((await failure(didomi.users(cursor, never))).message).toContain('leads to itself')
  })

  it('a short page that names no cursor is the last', async () => {
    const emulator = await api()
    emulator.faults.add('users', { kind: 'other', body: { data: users(2), limit: 100 } })
    expect(await client(emulator).users(undefined, never)).not.toHaveProperty('cursor')
  })
})

describe('the session', () => {
  it('is renewed before its token ends, by the clock of the server', async () => {
    // Our wall clock is an hour late: only the difference between the token's end and the answer counts.
    const clock = settableClock(START_MS - 3_600_000)
    const emulator = await api({ tokenLifeMs: 600_000, now: () => START_MS + clock.monotonic() })
    const didomi = client(emulator, { clock })
    await didomi.users(undefined, never)
    clock.pass(539_000)
    await didomi.users(undefined, never)
    expect(emulator.counters).toMatchObject({ opened: 1, users: 2 })
    clock.pass(2_000)
    await didomi.users(undefined, never)
    expect(emulator.counters).toMatchObject({ opened: 2, users: 3, unauthorised: 0 })
  })

  it('is renewed once when it is refused', async () => {
    const emulator = await api({ users: users(250) })
    emulator.faults.add('users', { kind: 'expire' }, { nth: 2 })
    expect(await allUsers(client(emulator))).toHaveLength(250)
    expect(emulator.counters).toMatchObject({ opened: 2, unauthorised: 1, users: 4 })
  })

  it('§9 refused again with a fresh token is final', async () => {
    const emulator = await api()
    emulator.faults.add('users', { kind: 'status', status: 401 }, { times: 9 })
    const error = await failure(client(emulator).users(undefined, never))
    expect([error.code, error.next]).toEqual(['didomi-forbidden', 'authorisation'])
    expect(emulator.counters).toMatchObject({ users: 2, opened: 2 })
  })

  it.each([
    ['key', { key: 'emulated-other' }],
    ['secret', { secret: { reveal: () => 'emulated-other' } }],
  ])('§9 a wrong %s is refused at once', async (_, wrong) => {
    const emulator = await api()
    const error = await failure(client(emulator, wrong).users(undefined, never))
    expect(error.code).toBe('didomi-forbidden')
    expect(emulator.counters).toMatchObject({ sessions: 1, users: 0 })
  })

  it('without a token in its answer is no session', async () => {
    const emulator = await api()
    emulator.faults.add('sessions', { kind: 'other', body: { token: 'x' } })
    expect((await failure(client(emulator).users(undefined, never))).code).toBe('didomi-unavailable')
  })

  it('§9 an organization that the key or the contract does not hold is forbidden', async () => {
    const emulator = await api()
    const error = await failure(client(emulator, { organizationId: 'other' }).users(undefined, never))
    expect(error.code).toBe('didomi-forbidden')
    expect(emulator.counters.users).toBe(1)
  })
})

describe('what passes by itself', () => {
  it.each([
    ['throttling', { kind: 'status', status: 429 }],
    ['a server in trouble', { kind: 'status', status: 503 }],
    ['a broken connection', { kind: 'reset' }],
    ['half a body', { kind: 'truncate' }],
    ['half a document', { kind: 'malformed' }],
  ] satisfies [string, DidomiFault][])('%s is tried again, for sessions and users', async (_, fault) => {
    const emulator = await api({ users: users(3) })
    emulator.faults.add('sessions', fault)
    emulator.faults.add('users', fault, { times: 2 })
    const waits: string[] = []
    const page = await client(emulator, { onWait: ({ what }) => waits.push(what) }).users(undefined, never)
    expect(page.users).toHaveLength(3)
    expect(waits).toEqual(['session', 'users', 'users'])
    expect(emulator.counters).toMatchObject({ sessions: 2, users: 3, faults: 3 })
  })

  it.each([
    ['seconds', '7', 7_000],
    ['a date, against the date of the answer', new Date(START_MS + 9_000).toUTCString(), 9_000],
  ])('Retry-After in %s is waited for', async (_, retryAfter, waitMs) => {
    const clock = countingClock(START_MS - 100_000)
    const emulator = await api({ users: users(1) })
    emulator.faults.add('users', { kind: 'status', status: 429, retryAfter })
    await client(emulator, { clock }).users(undefined, never)
    expect(clock.slept).toEqual([waitMs])
  })

  it('a wait longer than anybody would wait ends it, without waiting', async () => {
    const clock = countingClock(START_MS)
    const emulator = await api()
    emulator.faults.add('users', { kind: 'status', status: 429, retryAfter: '86400' })
    const error = await failure(client(emulator, { clock }).users(undefined, never))
    expect(error.code).toBe('didomi-unavailable')
    expect(error.message).toContain('HTTP 429, with a wish to wait 86400 s, after 1 attempts')
    expect(clock.slept).toEqual([])
  })

  it('pauses grow, are bounded, and end with the attempts', async () => {
    const clock = countingClock(START_MS)
    const emulator = await api()
    emulator.faults.add('users', { kind: 'status', status: 500 }, { times: 99 })
    const retry = { attempts: 5, basePauseMs: 100, maxPauseMs: 300 }
    const error = await failure(client(emulator, { clock, retry, random: () => 0.5 }).users(undefined, never))
    expect([error.code, error.next]).toEqual(['didomi-unavailable', 'source'])
    expect(clock.slept).toEqual([50, 100, 150, 150])
    expect(emulator.counters.users).toBe(5)
  })

  it.each([301, 404, 418])('HTTP %i does not pass by itself', async (status) => {
    const emulator = await api()
    emulator.faults.add('users', { kind: 'status', status })
    const error = await failure(client(emulator).users(undefined, never))
    expect(error.code).toBe('didomi-unavailable')
    expect(error.message).toContain(`HTTP ${status}`)
    expect(emulator.counters.users).toBe(1)
  })

  it('an answer above its bound is not asked for again, packed or not', async () => {
    const emulator = await api({ users: users(100) })
    emulator.faults.add('users', { kind: 'long', bytes: 20_001 })
    const didomi = client(emulator, { maxAnswerBytes: 20_000 })
    for (let n = 1; n <= 2; n += 1) {
      expect((await failure(didomi.users(undefined, never))).message).toContain('longer than 20000 bytes')
      expect(emulator.counters.users).toBe(n)
    }
  })

  it('an answer that does not come in time is none', async () => {
    const emulator = await api()
    emulator.faults.add('users', { kind: 'hold' }, { times: 2 })
    const error = await failure(client(emulator, { timeoutMs: 60, retry: { attempts: 2 } }).users(undefined, never))
    expect(error.message).toContain('no answer (none in time), after 2 attempts')
  })

  it('nobody at the other end is no answer either', async () => {
    const emulator = await api()
    const didomi = client(emulator)
    await emulator.close()
    expect((await failure(didomi.users(undefined, never))).message).toContain('ECONNREFUSED')
  })
})

describe('an aborted signal', () => {
  it('ends a request under way with its reason', async () => {
    const emulator = await api()
    emulator.faults.add('users', { kind: 'hold' })
    const held = emulator.faults.held()
    const stop = new AbortController()
    const asked = client(emulator).users(undefined, stop.signal)
    await held
    const reason = new Error('stop')
    stop.abort(reason)
    await expect(asked).rejects.toBe(reason)
  })

  it('ends a wait with its reason', async () => {
    const emulator = await api()
    emulator.faults.add('users', { kind: 'status', status: 429, retryAfter: '5' })
    const stop = new AbortController()
    const reason = new Error('stop')
    const didomi = client(emulator, { onWait: () => stop.abort(reason) })
    await expect(didomi.users(undefined, stop.signal)).rejects.toBe(reason)
    expect(emulator.counters.users).toBe(1)
  })
})

describe('the export log', () => {
  const entry = { id: 'r1', export_id: 'E1', organization_id: 'acme', config: { frequency: '1 day' } }
  const LOG = [
    { ...entry, status: 'completed', metrics: { users: 1_204 } },
    { ...entry, id: 'r2', status: 'failed', result: 'no access', metrics: { users: 3 } },
    { ...entry, id: 'r3', status: 'pending' },
    { ...entry, id: 'r4', status: 'completed', metrics: null },
    { ...entry, id: 'r5', status: 'resting' },
    { ...entry, id: 6, status: 'completed' },
    'r7',
    { ...entry, id: 'r8', status: 'completed', metrics: { users: 'many' } },
  ]

  it.each(['envelope', 'bare'] as const)('is read %s; what is no entry is left out', async (exportLogForm) => {
    const emulator = await api({ exportLogs: { E1: LOG }, exportLogForm })
    expect(await client(emulator).exportLog('E1', never)).toEqual([
      { id: 'r1', status: 'completed', users: 1_204 },
      { id: 'r2', status: 'failed' },
      { id: 'r3', status: 'pending' },
      { id: 'r4', status: 'completed' },
      { id: 'r8', status: 'completed' },
    ])
    expect(await client(emulator).exportLog('E & 2', never)).toEqual([])
  })

  it('an answer that is no list is refused', async () => {
    const emulator = await api()
    emulator.faults.add('exports/logs', { kind: 'other', body: { total: 0 } })
    expect((await failure(client(emulator).exportLog('E1', never))).code).toBe('didomi-unavailable')
  })
})
