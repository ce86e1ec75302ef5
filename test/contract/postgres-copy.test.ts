/** A copy of a store in PostgreSQL keeps the store contract, holds what the store holds, and changes nothing of it. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Secret } from '../../src/config/secret.ts'
import { openPostgresStore } from '../../src/store/postgres.ts'
import type { PostgresAddress } from '../../src/store/postgres-connection.ts'
import { openPostgresCopy } from '../../src/store/postgres-copy.ts'
import { POSTGRES_SCHEMA_VERSION } from '../../src/store/postgres-migrations.ts'
import type { Store } from '../../src/store/store.ts'
import { storeRows } from '../support/postgres-rows.ts'
import { findPostgres, type PostgresServer, startPostgres } from '../support/postgres-server.ts'
import { tableRules } from './store.ts'
import { addEvidence, checked, evidenceFor } from './store-evidence.ts'
import { person, SCOPE, stateRow, union } from './store-samples.ts'

const bin = findPostgres()
const CLOCK = { now: () => 1_793_500_000_000 }
const OTHER = { ...SCOPE, target: 'other' }
const FOR_CRM = { targets: ['crm'], dueAll: false }

async function copyOf(address: PostgresAddress): Promise<Store> {
  const copy = await openPostgresCopy(address, CLOCK)
  if (copy === undefined) throw new TypeError('no store to copy')
  return copy
}

describe.skipIf(bin === undefined)('with a server', () => {
  let server: PostgresServer
  let schemas = 0
  let schema = ''
  let address: PostgresAddress
  let store: Store
  beforeAll(async () => {
    server = await startPostgres(bin ?? '')
  })
  afterAll(() => server?.close())
  beforeEach(async () => {
    schemas += 1
    schema = `copied_${schemas}`
    address = server.address(schema)
    store = await openPostgresStore(address, CLOCK)
  })
  afterEach(() => store.close())

  /** Something of every kind that a run leaves. */
  async function furnish(): Promise<void> {
    await store.beginRun({ id: 'run-1', job: 'sync', startedAt: 1 })
    await store.joinStates([stateRow(1), stateRow(2), stateRow(3)], union, FOR_CRM)
    await store.addKnownIds(['purpose/a'])
    await store.notePartition('e1', '2026-11-01', 'ingested')
    await store.putLedger(SCOPE, [{ place: 'slot/a', confirmed: { value: true, lo: 1, hi: 2, at: 3 } }])
    await store.setFingerprint('ingest', 'x')
    await addEvidence(store, 5, [evidenceFor(1), evidenceFor(2)])
  }
  const setVersion = (version: number) =>
    server.ask(`UPDATE ${schema}.meta SET value = $1 WHERE name = 'schema-version'`, [Buffer.from(String(version))])
  /** What the server keeps for copies. */
  const KEPT = `SELECT 1 FROM pg_class WHERE relpersistence = 't'`
  const nothingKept = () => server.until(`SELECT 1 WHERE NOT EXISTS (${KEPT})`)
  const sessions = async () =>
    (await server.ask(`SELECT pid FROM pg_stat_activity WHERE application_name = 'didomi-dataverse'`)).map(
      ({ pid }) => pid,
    )

  describe('store contract: a copy', () => {
    let copy: Store
    beforeEach(async () => {
      copy = await copyOf(address)
    })
    afterEach(() => copy.close())
    tableRules(() => copy)
  })

  it('holds what the store holds, also while a run has it; what is done with it reaches nobody', async () => {
    await furnish()
    const before = await storeRows(server, schema)
    const copy = await copyOf(address)
    for (const one of [copy, store]) {
      expect(await one.runs(9)).toMatchObject([{ id: 'run-1' }])
      expect(await one.persons([person(2)])).toEqual([{ person: person(2), ouid: 'ouid-2', states: ['a'] }])
      expect(await one.evidenceOf(person(1))).toMatchObject([{ sequence: 1, place: evidenceFor(1).place }])
      expect(await one.takeDue('crm', undefined, 9)).toHaveLength(3)
      expect(await one.recentLedger(SCOPE, 9)).toMatchObject([{ place: 'slot/a', confirmed: { hi: 2 } }])
      expect([await one.knownIds(), await one.fingerprint('ingest')]).toEqual([['purpose/a'], 'x'])
    }
    expect(Buffer.from(copy.pseudonymKey)).toEqual(Buffer.from(store.pseudonymKey))

    await copy.markAllDue('crm')
    // A scope of its own has a number behind those that were copied.
    await copy.putLedger(OTHER, [{ place: 'slot/b' }])
    await addEvidence(copy, 6, [evidenceFor(3)])
    expect(await checked(copy)).toMatchObject({ entries: 3, breaks: [] })
    await copy.forget([{ person: person(1), ouid: 'ouid-1' }], 9, 'none')
    await copy.forgetStates()
    expect([await copy.countStates(), await copy.countLedger(SCOPE), await copy.countLedger(OTHER)]).toEqual([0, 1, 1])
    expect(await storeRows(server, schema)).toEqual(before)
    await store.putLedger(OTHER, [{ place: 'slot/c' }])
    await copy.close()
    await copy.close()
  })

  it('is one moment, and afterwards holds no lock on the store', async () => {
    await furnish()
    const copy = await copyOf(address)
    await store.joinStates([stateRow(4)], union, FOR_CRM)
    expect([await copy.countStates(), await store.countStates()]).toEqual([3, 4])
    const locks = `SELECT 1 FROM pg_locks JOIN pg_class ON pg_class.oid = relation WHERE relnamespace = to_regnamespace($1)`
    expect(await server.ask(locks, [schema])).toEqual([])
    await copy.close()
  })

  it('waits for no row that a run has locked, and a run for none of its own', async () => {
    await furnish()
    const session = await server.session()
    await session.query(`BEGIN; SELECT 1 FROM ${schema}.meta FOR UPDATE; SELECT 1 FROM ${schema}.person FOR UPDATE;
      UPDATE ${schema}.due SET mark = 7`)
    const copy = await copyOf(address)
    expect((await copy.takeDue('crm', undefined, 1))[0]?.mark).toBe(1)
    await copy.markAllDue('crm')
    await session.query(`SET lock_timeout = '1s'; UPDATE ${schema}.ledger SET restored = false; COMMIT`)
    await session.end()
    await copy.close()
  })

  it('goes with its session, and then says what to do', async () => {
    await furnish()
    await nothingKept()
    const others = await sessions()
    const copy = await copyOf(address)
    expect(await server.ask(KEPT)).not.toEqual([])
    const own = (await sessions()).filter((pid) => !others.includes(pid))
    expect(own).toHaveLength(1)
    await server.ask('SELECT pg_terminate_backend($1)', own)
    await nothingKept()
    await expect(copy.countStates()).rejects.toThrow(/^store-unusable: .*its connection is gone.*Run the command again/)
    expect(await store.countStates()).toBe(3)
    await copy.close()
  })

  it('there is none of a schema that is not there, nor is one made', async () => {
    expect(await openPostgresCopy(server.address('nowhere'), CLOCK)).toBeUndefined()
    expect(await server.ask(`SELECT 1 FROM pg_namespace WHERE nspname = 'nowhere'`)).toEqual([])
  })

  it('tables of an older version are brought up to date in it alone', async () => {
    await furnish()
    await server.ask(
      `DROP TABLE ${schema}.told, ${schema}.open_look, ${schema}.inbox; DROP SEQUENCE ${schema}.inbox_mark`,
    )
    await setVersion(3)
    const before = await storeRows(server, schema)
    const copy = await copyOf(address)
    expect([await copy.countStates(), await copy.untold()]).toEqual([3, []])
    await copy.close()
    expect(await storeRows(server, schema)).toEqual(before)
  })

  it.each([
    [2, /too old to be copied.*Run `sync` once/],
    [POSTGRES_SCHEMA_VERSION + 1, /newer than/],
  ])('tables of version %i are not copied', async (version, told) => {
    await setVersion(version)
    await expect(copyOf(address)).rejects.toThrow(told)
    await nothingKept()
  })

  describe('a user who may do less', () => {
    const user = 'looker'
    beforeAll(() => server.ask(`CREATE ROLE ${user} LOGIN PASSWORD 'looking'`))
    const looking = () => ({ ...address, user, password: new Secret('looking') })
    const refused = (right: string, grant: string) =>
      expect(openPostgresCopy(looking(), CLOCK)).rejects.toMatchObject({
        code: 'store-copy-forbidden',
        next: 'authorisation',
        message: expect.stringMatching(new RegExp(`${right}.*${grant}`)),
      })

    it('is told which right is missing; reading and temporary tables are enough', async () => {
      await furnish()
      await refused('USAGE on the schema', `GRANT USAGE ON SCHEMA "${schema}"`)
      await server.ask(`GRANT USAGE ON SCHEMA ${schema} TO ${user}`)
      await server.ask(`GRANT SELECT ON ${schema}.meta TO ${user}`)
      await refused('SELECT on all its tables', `GRANT SELECT ON ALL TABLES IN SCHEMA "${schema}"`)
      await server.ask(`GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO ${user}`)
      await server.ask('REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC')
      await refused('TEMPORARY on the database', 'GRANT TEMPORARY ON DATABASE "postgres"')
      await server.ask('GRANT TEMPORARY ON DATABASE postgres TO PUBLIC')
      const copy = await openPostgresCopy(looking(), CLOCK)
      expect(await copy?.countStates()).toBe(3)
      await copy?.close()
    })
  })
})
