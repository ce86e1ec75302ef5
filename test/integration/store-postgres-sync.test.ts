/** Whole runs on PostgreSQL, by the command line: the same final state as on SQLite, one run at a time, nothing lost. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { openPostgresStore } from '../../src/store/postgres.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { type Content, contentOf } from '../support/port-content.ts'
import { findPostgres, type PostgresServer, startPostgres } from '../support/postgres-server.ts'
import { type Control, consentTarget, contactTarget, controlOf, openPlace, type Place } from '../support/sync-run.ts'
import { differences, environmentContent } from '../support/sync-store.ts'
import { CONSENT_MAPPINGS, CONTACT_MAPPINGS, CONTACT_OPTIONS, chanceOf, populationOf } from '../support/sync-world.ts'

const bin = findPostgres()
const POPULATION = populationOf(chanceOf(11), true)
const LIMIT_MS = 240_000
const NOW = { now: () => 0 }

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
    // The next run waits until nothing of a killed one can be under way: not for long.
    const postgres = { host, port, database, user, password, schema, spill: './spill', lease: '8s' }
    await configure(place, { store: { postgres } })
  })
  afterEach(async () => {
    await emulator.close()
    await place.remove()
  })

  function configure(at: Place, settings: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const effort = { concurrency: 2, batchRows: 4, timeout: '8s', brake: { share: 1, atLeast: 100_000 } }
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
