/** §3, §8.4, §8.6: the store filled from Didomi's users, in process: what counts, where it goes on, what it leaves behind. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { personId } from '../../src/consent/person-id.ts'
import { joinTexts, parseState, stateOf, stateText } from '../../src/consent/state.ts'
import { statementOf } from '../../src/consent/statement.ts'
import { SINCE_EVER } from '../../src/consent/time.ts'
import { type DidomiEmulator, startDidomiEmulator } from '../../src/emulator/didomi.ts'
import type { DidomiEmulatorOptions } from '../../src/emulator/didomi-settings.ts'
import { BOOTSTRAP_CURSOR, BOOTSTRAPPED_AT } from '../../src/ingest/bookmarks.ts'
import { bootstrapFromApi } from '../../src/ingest/bootstrap.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { CodedError } from '../../src/lib/errors.ts'
import type { Log } from '../../src/lib/log.ts'
import { noProgress } from '../../src/lib/progress.ts'
import { parseLine } from '../../src/record/line.ts'
import type { ApiBootstrapReport } from '../../src/report/bootstrap-report.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { countingClock } from '../support/dataverse-options.ts'
import { didomiAt, NOON, userOf, usersOf } from '../support/didomi-users.ts'
import { storeContent } from '../support/sync-store.ts'
import { below, chanceOf } from '../support/sync-world.ts'

const START_MS = Date.UTC(2026, 9, 30, 2, 15)
const HOUR_MS = 3_600_000
const READING = {
  normalise: 'none',
  regulations: ['gdpr'],
  clockSkew: 24 * HOUR_MS * 1_000,
  maxLineBytes: 8 << 20,
} as const

const NEWSLETTER = { kind: 'purpose', purpose: 'newsletter' } as const

let folder: string
const open: (() => Promise<unknown>)[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'didomi-dataverse-bootstrap-'))
})
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
  await rm(folder, { recursive: true, force: true })
})

async function api(given: DidomiEmulatorOptions): Promise<DidomiEmulator> {
  const emulator = await startDidomiEmulator({ now: () => START_MS, ...given })
  open.push(() => emulator.close())
  return emulator
}

interface Wishes {
  readonly file?: string
  readonly clock?: Clock
  readonly of?: string
  readonly restart?: boolean
  readonly rejectsMaxRatio?: number
  readonly regulations?: readonly string[]
  readonly signal?: AbortSignal
  readonly wrap?: (store: Store) => Store
  /** Looks at the store after the bootstrap, or does something before. */
  readonly before?: (store: Store) => Promise<unknown>
  readonly after?: (store: Store) => Promise<unknown>
}

interface Done {
  readonly report: ApiBootstrapReport | undefined
  readonly error: unknown
  readonly told: string
}

/** One bootstrap with a store of its own, or of `file`. */
async function bootstrapped(emulator: DidomiEmulator, wishes: Wishes = {}): Promise<Done> {
  const { clock = countingClock(START_MS), regulations = READING.regulations } = wishes
  const store = await openSqliteStore(fileOf(wishes), { now: () => START_MS })
  const didomi = didomiAt(emulator, { regulations })
  const told: unknown[] = []
  const tell = (fields: object, message: string) => void told.push({ ...fields, message })
  const log: Log = { debug: tell, info: tell, warn: tell, error: tell }
  const settings = {
    of: wishes.of ?? 'acme',
    reading: { ...READING, regulations },
    targets: ['crm'],
    rejectsMaxRatio: wishes.rejectsMaxRatio ?? 0.01,
    restart: wishes.restart ?? false,
  }
  let report: ApiBootstrapReport | undefined
  let error: unknown
  try {
    await wishes.before?.(store)
    const signal = wishes.signal ?? new AbortController().signal
    const ports = { didomi, store: wishes.wrap?.(store) ?? store, clock, log, progress: noProgress }
    const take = (given: ApiBootstrapReport) => {
      report = given
    }
    await bootstrapFromApi(ports, settings, take, signal).catch((thrown: unknown) => {
      error = thrown
    })
    await wishes.after?.(store)
  } finally {
    await didomi.close()
    await store.close()
  }
  return { report, error, told: JSON.stringify(told) }
}

const fileOf = ({ file = 'store' }: Wishes) => join(folder, `${file}.db`)

describe('users', () => {
  it('§2, §8.4 each is one of record, reject, guest, skipped, whatever it is', async () => {
    const users = [
      userOf('ada'),
      userOf('ada', { id: 'd2', enabled: false }),
      userOf('ben', { user: { consents: 'none' } }),
      userOf('cem', { at: '2026-10-31T02:15:00.000Z' }),
      userOf('future', { at: '2026-10-31T02:15:00.001Z' }),
      userOf('timeless', { at: 'yesterday' }),
      userOf(7),
      userOf(null),
      userOf('  '),
      userOf('eve', { user: { regulation: 'cpra' } }),
      'a text',
      null,
      [],
      { organization_user_id: 'bare' },
    ]
    const { report, error, told } = await bootstrapped(await api({ users }), {
      regulations: ['gdpr', 'tcf'],
      after: async (store) => expect([await store.countStates(), await store.countDue('crm')]).toEqual([4, 3]),
    })
    expect(error).toBeUndefined()
    // The server does not answer `cpra` when it is not asked for.
    expect(report).toEqual({
      from: 'api',
      resumed: false,
      pages: 1,
      counts: { lines: 13, records: 4, rejects: 4, guests: 5, skipped: 0, ignoredEvents: 0 },
      changedRecords: 4,
      tooManyRejects: true,
      completeAsOf: '2026-10-30T02:15:00Z',
    })
    expect(JSON.parse(told)).toEqual([
      { page: 1, place: 5, code: 'time-in-the-future', message: 'user rejected' },
      { page: 1, place: 6, code: 'no-readable-time', message: 'user rejected' },
      { page: 1, place: 7, code: 'ouid-not-a-string', message: 'user rejected' },
      { page: 1, place: 13, code: 'no-readable-time', message: 'user rejected' },
    ])
  })

  it('§2.2 of a regulation that is not allowed are skipped, should the server answer them', async () => {
    const emulator = await api({})
    const data = [userOf('ada'), userOf('eve', { user: { regulation: 'CPRA' } })]
    emulator.faults.add('users', { kind: 'other', body: { data, limit: 100, cursor: null } })
    const { report } = await bootstrapped(emulator)
    expect(report?.counts).toMatchObject({ lines: 2, records: 1, skipped: 1 })
  })

  it.each([
    [100, false],
    [99, true],
  ])('§9 one reject in %i users: above one per cent is %s', async (count, tooMany) => {
    const users = [userOf(7), ...Array.from({ length: count - 1 }, (_, n) => userOf(`p${n}`))]
    expect((await bootstrapped(await api({ users }))).report).toMatchObject({ tooManyRejects: tooMany })
  })

  it('§3 an opt-in without an event began nobody knows when, a refusal counts up to its line', async () => {
    const users = [userOf('yes'), userOf('no', { enabled: false })]
    const noon = Date.parse(NOON) * 1_000
    await bootstrapped(await api({ users }), {
      after: async (store) => {
        for (const [ouid, value] of [
          ['yes', true],
          ['no', false],
        ] as const) {
          const [person] = await store.persons([personId(ouid)])
          const state = parseState(person?.states[0] ?? '')
          const statement = statementOf(state, NEWSLETTER, 'complete')
          expect(statement).toMatchObject({ value, lo: SINCE_EVER, hi: noon })
        }
      },
    })
  })

  it('§3 a line of an export that is newer, or that knows the event, stays what it was', async () => {
    const line = JSON.stringify({
      user: userOf('ada', { at: '2026-10-21T12:00:00Z', enabled: false }),
      events: [
        {
          id: 'e',
          created_at: '2026-10-21T12:00:00Z',
          consents: { purposes: [{ id: 'newsletter', enabled: false }] },
        },
      ],
    })
    const outcome = parseLine(line, READING, Number.MAX_SAFE_INTEGER)
    if (outcome.kind !== 'record') return expect.unreachable('the line is a record')
    const known = stateText(stateOf(outcome.record))
    const row = { person: personId('ada'), ouid: 'ada', userId: 'd1', state: known }
    const join = { targets: [], dueAll: false }
    await bootstrapped(
      await api({ users: [userOf('ada'), userOf('ada', { at: '2026-10-21T12:00:00Z', enabled: false })] }),
      {
        before: (store) => store.joinStates([row], joinTexts, join),
        after: async (store) => {
          const [person] = await store.persons([personId('ada')])
          const state = parseState(person?.states[0] ?? '')
          expect(statementOf(state, NEWSLETTER, 'complete')).toMatchObject({
            value: false,
            hi: Date.UTC(2026, 9, 21, 12) * 1_000,
          })
        },
      },
    )
  })

  it('§7 a bootstrap repeated changes nothing', async () => {
    const emulator = await api({ users: usersOf(chanceOf(1), 150) })
    await bootstrapped(emulator)
    const before = storeContent(fileOf({}))
    const { report } = await bootstrapped(emulator)
    expect(report).toMatchObject({ resumed: false, pages: 2, changedRecords: 0 })
    expect(storeContent(fileOf({}))).toEqual(before)
  })
})

describe('going on', () => {
  const PAGE = 5
  /** Attempts of the client: so many refusals make it give up. */
  const ATTEMPTS = 10

  it.each([1, 2, 3, 4, 5, 6])(
    '§8.4 seed %i: after failures at random pages the states are those of an undisturbed run',
    async (seed) => {
      const chance = chanceOf(seed)
      const users = usersOf(chance, 400)
      await bootstrapped(await api({ users, pageSize: PAGE }), { file: 'undisturbed' })

      const emulator = await api({ users, pageSize: PAGE })
      const pages = Math.floor(users.length / PAGE) + 1
      let read = 0
      let failures = 0
      for (;;) {
        emulator.faults.add('users', { kind: 'status', status: 503 }, { nth: 1 + below(chance, 60), times: ATTEMPTS })
        const { report, error } = await bootstrapped(emulator, { file: 'disturbed' })
        read += report?.pages ?? 0
        expect(report?.resumed).toBe(read > (report?.pages ?? 0))
        if (error === undefined) break
        expect(error).toMatchObject({ code: 'didomi-unavailable' })
        expect(report).not.toHaveProperty('completeAsOf')
        failures += 1
      }
      expect(failures).toBeGreaterThan(0)
      expect(read, 'no page is read twice').toBe(pages)
      expect(storeContent(fileOf({ file: 'disturbed' }))).toEqual(storeContent(fileOf({ file: 'undisturbed' })))
    },
  )

  it('§8.5 what a bootstrap closes lies before its first beginning, and before no other', async () => {
    const emulator = await api({ users: usersOf(chanceOf(7), 50), pageSize: PAGE })
    const clock = countingClock(START_MS)
    emulator.faults.add('users', { kind: 'status', status: 404 }, { nth: 3 })
    await bootstrapped(emulator, {
      clock,
      after: async (store) => expect(await store.bookmark(BOOTSTRAPPED_AT)).toBeUndefined(),
    })
    await clock.sleep(HOUR_MS)
    const { report } = await bootstrapped(emulator, {
      clock,
      after: async (store) => {
        expect(await store.bookmark(BOOTSTRAPPED_AT)).toBe('2026-10-30T02:15:00Z')
        expect(await store.bookmark(BOOTSTRAP_CURSOR)).toBeUndefined()
      },
    })
    expect(report).toMatchObject({ resumed: true, completeAsOf: '2026-10-30T02:15:00Z' })
    await clock.sleep(HOUR_MS)
    expect((await bootstrapped(emulator, { clock })).report).toMatchObject({
      resumed: false,
      completeAsOf: '2026-10-30T04:15:00Z',
    })
  })

  it.each([
    ['--restart', { restart: true }],
    ['another organization', { of: 'other' }],
  ] satisfies [string, Wishes][])('%s begins anew, with a beginning of its own', async (_, wish) => {
    const emulator = await api({ users: usersOf(chanceOf(8), 50), pageSize: PAGE })
    const clock = countingClock(START_MS)
    emulator.faults.add('users', { kind: 'status', status: 404 }, { nth: 3 })
    await bootstrapped(emulator, { clock })
    await clock.sleep(HOUR_MS)
    const { report } = await bootstrapped(emulator, { clock, ...wish })
    expect(report).toMatchObject({ resumed: false, completeAsOf: '2026-10-30T03:15:00Z' })
    expect(report?.counts.lines).toBeGreaterThan(50)
  })

  it('an expired session, throttling and a broken connection amid are nothing to go on from', async () => {
    const emulator = await api({ users: usersOf(chanceOf(9), 100), pageSize: PAGE })
    emulator.faults.add('users', { kind: 'expire' }, { nth: 4 })
    emulator.faults.add('users', { kind: 'status', status: 429, retryAfter: '3' }, { nth: 7 })
    emulator.faults.add('users', { kind: 'reset' }, { nth: 11 })
    const { report, error } = await bootstrapped(emulator)
    expect(error).toBeUndefined()
    expect(report?.pages).toBe(emulator.counters.users - 3)
    expect(emulator.counters).toMatchObject({ faults: 3, opened: 2, unauthorised: 1 })
  })

  it.each([
    ['once', 1],
    ['for good', Number.POSITIVE_INFINITY],
  ])('§8.1 a store that refuses states (%s): the cursor never goes ahead of what is durable', async (_, times) => {
    const users = usersOf(chanceOf(11), 300)
    await bootstrapped(await api({ users, pageSize: PAGE }), { file: 'undisturbed' })
    const emulator = await api({ users, pageSize: PAGE })
    let left = times
    let joins = 0
    const refusing = (store: Store): Store =>
      new Proxy(store, {
        get(target, name) {
          const value = Reflect.get(target, name, target)
          if (name === 'joinStates') {
            joins += 1
            if (joins > 1 && left > 0) {
              left -= 1
              return () => Promise.reject(new Error('disk full'))
            }
          }
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
    const first = await bootstrapped(emulator, { file: 'disturbed', wrap: refusing })
    expect(first.error).toMatchObject({ message: 'disk full' })
    expect(first.report).toMatchObject({ pages: 40 })
    const asked = emulator.counters.users
    expect((await bootstrapped(emulator, { file: 'disturbed' })).report).toMatchObject({ resumed: true })
    const { queries } = emulator.counters
    expect(queries[asked]).toBe(queries[times === 1 ? 40 : 20])
    expect(storeContent(fileOf({ file: 'disturbed' }))).toEqual(storeContent(fileOf({ file: 'undisturbed' })))
  })

  it('an interruption keeps the pages that were read', async () => {
    const emulator = await api({ users: usersOf(chanceOf(10), 100), pageSize: PAGE })
    const stop = new AbortController()
    const reason = new CodedError('interrupted', [{ where: 'a', found: 'b', expected: 'c', remedy: 'd' }])
    emulator.faults.add('users', { kind: 'hold' }, { nth: 4 })
    const held = emulator.faults.held().then(() => stop.abort(reason))
    const { error, report } = await bootstrapped(emulator, { signal: stop.signal })
    await held
    expect(error).toBe(reason)
    expect(report).toMatchObject({ pages: 3 })
    expect((await bootstrapped(emulator)).report).toMatchObject({ resumed: true })
    const [, , , fourth, again] = emulator.counters.queries
    expect(again).toBe(fourth)
  })
})
