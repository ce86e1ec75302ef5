/** `store check` on a store in PostgreSQL, while a run holds it; backup and restore are left to the database (§9). */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { backUpStore, checkStore, restoreStore } from '../../jobs/store.ts'
import type { StoreSettings } from '../../src/config/settings.ts'
import { openPostgresStore } from '../../src/store/postgres.ts'
import { lookAtStore, storeFiles } from '../../src/wire.ts'
import { findPostgres, type PostgresServer, startPostgres } from '../support/postgres-server.ts'

const bin = findPostgres()

describe.skipIf(bin === undefined)('with a server', () => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await startPostgres(bin ?? '')
  })
  afterAll(() => server?.close())

  const settings = (schema: string): StoreSettings => ({
    kind: 'postgres',
    ...server.address(schema),
    leaseMs: 30_000,
    spillFolder: '/nowhere',
  })

  it('a glance at it, beside a run that holds the lease: nothing is made, nothing is taken', async () => {
    const look = await lookAtStore(settings('glanced'))
    expect(await look.place()).toEqual({ exists: false, writable: true, copyable: true, held: false })
    const wishes = { targets: ['crm'], bookmarks: ['bootstrapped-at'], sample: 10 }
    expect(await look.glance(wishes)).toBeUndefined()
    const store = await openPostgresStore(server.address('glanced'), { now: () => 0 })
    try {
      await store.beginRun({ id: 'run-1', job: 'sync', startedAt: 5 })
      await store.addKnownIds(['purpose/news'])
      await store.setBookmark('bootstrapped-at', '2026-11-01T00:00:00Z')
      await store.freezeReading('crm', 'choice:news', 'purpose/news')
      const row = { person: '0'.repeat(32), ouid: 'a', userId: 'd', state: '{"attributes":{},"events":{},"said":{}}' }
      await store.joinStates([row], (_, added) => added, { targets: ['crm'], dueAll: false })
      expect(await look.place()).toEqual({ exists: true, writable: true, copyable: true, held: true })
      const { version, current, runs, ...rest } = (await look.glance(wishes)) ?? {}
      expect(version).toBe(current)
      expect(runs).toMatchObject([{ id: 'run-1', job: 'sync' }])
      expect(rest).toEqual({
        partitions: [],
        knownIds: ['purpose/news'],
        bookmarks: new Map([['bootstrapped-at', '2026-11-01T00:00:00Z']]),
        frozen: new Map([['crm', new Map([['choice:news', 'purpose/news']])]]),
        ouids: ['a'],
      })
    } finally {
      await store.close()
    }
    expect(await look.place()).toMatchObject({ held: false })
  })

  it('one moment of it is read beside a run that holds the lease, and what does not add up is named', async () => {
    const store = await openPostgresStore(server.address('run'), { now: () => 0 })
    try {
      const object = { key: 'k', size: 1, etag: 'e', lines: 3, records: 1, rejects: 1, guests: 1, skipped: 0 }
      await store.notePartition('e1', '2026-11-01', 'pending')
      await store.objectsIngested(
        'e1',
        '2026-11-01',
        'ingested',
        [object],
        [{ object: 'k', line: 1, code: 'not-json' }],
      )
      const sound = await checkStore(storeFiles, settings('run'))
      expect(sound).toMatchObject({ kind: 'postgres', read: 'snapshot', damage: [], broken: [] })
      expect(sound).toMatchObject({ version: sound.current, counts: { partition: 1, object: 1, reject: 1, person: 0 } })

      await server.ask('UPDATE run.object SET lines = 4')
      expect((await checkStore(storeFiles, settings('run'))).broken).toEqual([
        { rule: 'every line of an object is a record, a reject, a guest or skipped', rows: 1 },
      ])
      expect(await store.countStates()).toBe(0)
    } finally {
      await store.close()
    }
  })

  it('a schema without a store is no store, and none is made', async () => {
    await expect(checkStore(storeFiles, settings('none'))).rejects.toMatchObject({ code: 'store-unusable' })
    expect(await server.ask("SELECT 1 FROM pg_namespace WHERE nspname = 'none'")).toEqual([])
  })

  it('§9 backup and restore are usage errors that name the database’s own means', () => {
    expect(() => backUpStore(storeFiles, settings('run'), '/nowhere/b')).toThrow(/^usage: .*pg_dump/)
    expect(() => restoreStore(storeFiles, settings('run'), { from: '/nowhere/b', force: true })).toThrow(
      /^usage: .*pg_dump/,
    )
  })
})
