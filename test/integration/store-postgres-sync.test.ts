/** Whole runs on PostgreSQL, by the command line: the same final state as on SQLite, one run at a time, nothing lost. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { ORGANIZATION_ID } from '../../src/emulator/seed-ids.ts'
import { openPostgresStore } from '../../src/store/postgres.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import type { LedgerEntry, Store } from '../../src/store/store.ts'
import { findPostgres, type PostgresServer, startPostgres } from '../support/postgres-server.ts'
import { type Control, consentTarget, contactTarget, controlOf, openPlace, type Place } from '../support/sync-run.ts'
import { differences, environmentContent } from '../support/sync-store.ts'
import { CONSENT_MAPPINGS, CONTACT_MAPPINGS, CONTACT_OPTIONS, chanceOf, populationOf } from '../support/sync-world.ts'

const bin = findPostgres()
const POPULATION = populationOf(chanceOf(11), true)
const LIMIT_MS = 240_000
const NOW = { now: () => 0 }
const TARGETS = ['contact', 'consent'] as const

type Content = Readonly<Record<string, readonly string[]>>

describe.skipIf(bin === undefined)('a run on PostgreSQL', () => {
  let server: PostgresServer
  let emulator: Emulator
  let control: Control
  let place: Place
  let schema = ''
  let schemas = 0

  beforeAll(async () => {
    server = await startPostgres(bin ?? '')
  })
  afterAll(() => server?.close())
  beforeEach(async () => {
    schemas += 1
    schema = `sync_${schemas}`
    emulator = await startEmulator({ seed: POPULATION.seed })
    control = controlOf(emulator.url)
    place = await openPlace()
    for (const day of POPULATION.days) await place.writeDay(day)
    const { host, port, database, user } = server.address(schema)
    const password = `\${env:STORE_PASSWORD}`
    await configure(place, { store: { postgres: { host, port, database, user, password, schema, spill: './spill' } } })
  })
  afterEach(async () => {
    await emulator.close()
    await place.remove()
  })

  function configure(at: Place, settings: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const effort = { concurrency: 2, batchRows: 4, brake: { share: 1, atLeast: 100_000 } }
    const targets = [
      contactTarget(emulator.url, CONTACT_MAPPINGS, { ...effort, upsert: true, entryOptions: CONTACT_OPTIONS }),
      consentTarget(emulator.url, CONSENT_MAPPINGS, effort),
    ]
    return at.configure(targets, settings)
  }
  const env = () => ({ STORE_PASSWORD: server.address(schema).password.reveal() })
  const openStore = () => openPostgresStore(server.address(schema), NOW)

  /** What is left in Dataverse and in the store of a run that has ended. */
  async function left(open: () => Promise<Store>): Promise<Content> {
    const store = await open()
    try {
      return { ...(await environmentContent(control, 'causes')), ...(await contentOf(store)) }
    } finally {
      await store.close()
    }
  }

  /** What an undisturbed run on SQLite leaves in the same world. */
  async function onSqlite(): Promise<Content> {
    await control.begin(POPULATION.seed)
    const fresh = await openPlace()
    try {
      for (const day of POPULATION.days) await fresh.writeDay(day)
      await configure(fresh)
      expect((await fresh.run()).exitCode).toBe(0)
      return await left(() => openSqliteStore(fresh.store, NOW))
    } finally {
      await fresh.remove()
    }
  }

  it(
    '§8 leaves the same as on SQLite, and repeated it writes nothing',
    async () => {
      const { exitCode, stderr, report } = await place.run({ env: env() })
      expect([exitCode, stderr, report?.failures]).toEqual([0, '', []])
      const postgres = await left(openStore)
      expect(postgres['ledger']?.length).toBeGreaterThan(50)
      expect(postgres['due']).toEqual([])

      const { writeRequests } = await control.counters()
      expect((await place.run({ env: env() })).exitCode).toBe(0)
      // `left` has marked everybody due.
      expect((await control.counters()).writeRequests).toBe(writeRequests)
      expect(differences(postgres, await onSqlite())).toEqual([])
    },
    LIMIT_MS,
  )

  it(
    '§9 a second run ends at once with 7 and asks Dataverse nothing; a killed one is finished by the next',
    async () => {
      const hold = await control.hold({ message: 'CreateMultiple' })
      const first = place.start({ env: env() })
      await control.held(hold)
      // The first run goes on with what is not held; whoever asks Dataverse anew asks for a token first.
      const { tokenCalls } = await control.counters()
      const second = await place.run({ env: env() })
      expect([second.exitCode, second.stdout]).toEqual([7, ''])
      expect(second.stderr).toContain('lease-held')
      expect((await control.counters()).tokenCalls).toBe(tokenCalls)

      first.kill('SIGKILL')
      await first.ended
      await control.ask('POST', 'hold/release', { how: 'reset' })
      // The server hears of the death from the connection's end; until then the lease is held.
      let next = await place.run({ env: env() })
      while (next.exitCode === 7) next = await place.run({ env: env() })
      expect(next.exitCode).toBe(0)
      expect(differences(await left(openStore), await onSqlite())).toEqual([])
    },
    LIMIT_MS,
  )

  it(
    '§9 a run whose lease is lost sends nothing more and ends with 7; the next run finishes the work',
    async () => {
      const hold = await control.hold({ message: 'CreateMultiple' })
      const run = place.start({ env: env() })
      await control.held(hold)
      await server.ask(`SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted`)
      // It ends although Dataverse never answers.
      const { exitCode, stderr } = await run.ended
      const { writeRequests } = await control.counters()
      expect([exitCode, stderr]).toEqual([7, expect.stringContaining('lease-held')])
      await control.ask('POST', 'hold/release', { how: 'reset' })
      expect((await control.counters()).writeRequests).toBe(writeRequests)

      expect((await place.run({ env: env() })).exitCode).toBe(0)
      expect(differences(await left(openStore), await onSqlite())).toEqual([])
    },
    LIMIT_MS,
  )
})

/** A bound of the last hour is a time of Dataverse's clock: it differs from run to run. */
const bound = (instant: number | undefined) =>
  instant !== undefined && instant > (Date.now() - 3_600_000) * 1_000 ? 'clock' : String(instant)

const ledgerLine = ({ place, confirmed, intended, foreign, rowId, missingSince, restored }: LedgerEntry) => [
  ...[place, confirmed?.value, bound(confirmed?.lo), bound(confirmed?.hi), intended?.value, foreign?.value],
  ...[rowId !== undefined, missingSince !== undefined, restored],
]

/** Everything durable that the port shows and that is no time of the clock, id of a run, or random key; marks everybody due. */
async function contentOf(store: Store): Promise<Content> {
  const lines = (values: Iterable<unknown>) => [...values].map((line) => JSON.stringify(line)).sort()
  const scopes = await Promise.all(
    TARGETS.map(async (target) => {
      const due = await store.takeDue(target, undefined, 10_000)
      await store.markAllDue(target)
      const ids = (await store.takeDue(target, undefined, 10_000)).map(({ person }) => person)
      const scope = { organization: ORGANIZATION_ID, target }
      return {
        due: due.map(({ person }) => [target, person]),
        persons: await store.persons(ids),
        parked: [...(await store.parkedSince(target, ids)).keys()].map((person) => [target, person]),
        contacts: [...(await store.contactsOf(scope, ids))].map((found) => [target, found]),
        ledger: (await store.recentLedger(scope, 10_000)).map((entry) => [target, ledgerLine(entry)]),
        count: [target, await store.countLedger(scope), await store.countQuarantine(target)],
        readings: [...(await store.frozenReadings(target))].map((reading) => [target, reading]),
      }
    }),
  )
  return {
    due: lines(scopes.flatMap(({ due }) => due)),
    persons: lines(scopes.flatMap(({ persons }) => persons)),
    parked: lines(scopes.flatMap(({ parked }) => parked)),
    contactsOf: lines(scopes.flatMap(({ contacts }) => contacts)),
    ledger: lines(scopes.flatMap(({ ledger }) => ledger)),
    counts: lines(scopes.map(({ count }) => count)),
    readings: lines(scopes.flatMap(({ readings }) => readings)),
    known: lines(await store.knownIds()),
    partitions: lines(
      (await store.partitions()).map(({ exportId, date, state, objects }) => [
        exportId,
        date,
        state,
        [...objects.keys()],
      ]),
    ),
    fingerprints: lines([await store.fingerprint('ingest'), await store.countStates()]),
  }
}
