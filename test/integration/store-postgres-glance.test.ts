/** A look at a store in PostgreSQL that asks for no lease: what the doctor and `sources status` see of it, and what they leave as it was. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openPostgresStore } from '../../src/store/postgres.ts'
import { lookAtPostgres } from '../../src/store/postgres-glance.ts'
import { POSTGRES_SCHEMA_VERSION } from '../../src/store/postgres-migrations.ts'
import { person, stateRow, union } from '../contract/store-samples.ts'
import { storeRows } from '../support/postgres-rows.ts'
import { findPostgres, type PostgresServer, startPostgres } from '../support/postgres-server.ts'

const bin = findPostgres()
const CLOCK = { now: () => 0 }
const WISHES = { targets: ['crm'], bookmarks: ['mark', 'other'], sample: 2 }

describe.skipIf(bin === undefined)('with a server', () => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await startPostgres(bin ?? '')
  })
  afterAll(() => server?.close())

  it('tells of a store that is not there yet, and makes none', async () => {
    const look = lookAtPostgres(server.address('nowhere'))
    expect(await look.place()).toEqual({ exists: false, writable: true, held: false, copyable: true })
    expect(await look.glance(WISHES)).toBeUndefined()
    expect(await server.ask(`SELECT 1 FROM pg_namespace WHERE nspname = 'nowhere'`)).toEqual([])
  })

  it('tells what a store holds while a run has it, and changes nothing', async () => {
    const schema = 'looked_at'
    const look = lookAtPostgres(server.address(schema))
    const store = await openPostgresStore(server.address(schema), CLOCK)
    await store.beginRun({ id: 'run-1', job: 'sync', startedAt: 1 })
    await store.joinStates(
      [1, 2, 3].map((n) => stateRow(n)),
      union,
      { targets: ['crm'], dueAll: false },
    )
    await store.addKnownIds(['purpose/a'])
    await store.setBookmark('mark', 'x')
    await store.freezeReading('crm', 'a', 'b')
    await store.notePartition('e1', '2026-11-01', 'ingested')
    const before = await storeRows(server, schema)
    expect(await look.place()).toEqual({ exists: true, writable: true, held: true, copyable: true })
    expect(await look.glance(WISHES)).toMatchObject({
      ...{ version: POSTGRES_SCHEMA_VERSION, current: POSTGRES_SCHEMA_VERSION },
      ...{ runs: [{ id: 'run-1' }], partitions: [{ date: '2026-11-01' }], knownIds: ['purpose/a'] },
      ...{ bookmarks: new Map([['mark', 'x']]), frozen: new Map([['crm', new Map([['a', 'b']])]]) },
      ouids: ['ouid-1', 'ouid-2'],
    })
    expect(await storeRows(server, schema)).toEqual(before)
    expect(await store.persons([person(1)])).toHaveLength(1)
    await store.close()
    expect((await look.place()).held).toBe(false)
  })

  it('tells of rights that are missing, and of an older version without reading on', async () => {
    const schema = 'looked_at'
    await server.ask('REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC')
    await server.ask(`CREATE ROLE reader LOGIN PASSWORD '${server.address('').password.reveal()}'`)
    await server.ask(
      `GRANT USAGE ON SCHEMA ${schema} TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO reader`,
    )
    await server.ask(`UPDATE ${schema}.meta SET value = '3' WHERE name = 'schema-version'`)
    const look = lookAtPostgres({ ...server.address(schema), user: 'reader' })
    expect(await look.place()).toMatchObject({ exists: true, writable: false, copyable: false })
    await server.ask(`GRANT CREATE ON SCHEMA ${schema} TO reader`)
    expect(await look.place()).toMatchObject({ writable: false })
    await server.ask(`GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO reader`)
    expect(await look.place()).toMatchObject({ writable: true })
    expect(await look.glance(WISHES)).toMatchObject({
      version: 3,
      current: POSTGRES_SCHEMA_VERSION,
      runs: [],
      ouids: [],
    })
  })
})
