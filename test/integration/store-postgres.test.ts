/** The store in PostgreSQL beyond the contract: its schema, its rights, its way over the network, and what its tables enforce. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Secret } from '../../src/config/secret.ts'
import { openPostgresStore } from '../../src/store/postgres.ts'
import { POSTGRES_SCHEMA_VERSION } from '../../src/store/postgres-migrations.ts'
import { person, SCOPE, stateRow, union } from '../contract/store-samples.ts'
import { loopbackCertificate } from '../support/loopback-certificate.ts'
import { findPostgres, type PostgresServer, startPostgres } from '../support/postgres-server.ts'

const bin = findPostgres()
const certificate = loopbackCertificate()
const QUIETLY = { targets: [], dueAll: false }
const NOW = { now: () => 0 }

describe.skipIf(bin === undefined)('a store in PostgreSQL', () => {
  let server: PostgresServer
  let schema = ''
  let schemas = 0
  const open = () => openPostgresStore(server.address(schema), NOW)

  beforeAll(async () => {
    server = await startPostgres(bin ?? '', certificate)
  })
  afterAll(() => server?.close())
  beforeEach(() => {
    schemas += 1
    schema = `schema_${schemas}`
  })

  it('a schema of a newer version is refused and left as it is, and does not keep the lease', async () => {
    await (await open()).close()
    const newer = String(POSTGRES_SCHEMA_VERSION + 1)
    await server.ask(`UPDATE ${schema}.meta SET value = $1 WHERE name = 'schema-version'`, [Buffer.from(newer)])
    await expect(open()).rejects.toMatchObject({ code: 'store-unusable', next: 'configuration' })
    await expect(open()).rejects.toThrow(/newer than/)
    expect(
      await server.ask(`SELECT convert_from(value, 'UTF8') AS version FROM ${schema}.meta
      WHERE name = 'schema-version'`),
    ).toEqual([{ version: newer }])
  })

  it.each(['CREATE TABLE theirs (a int)', 'CREATE TABLE meta (name text, value text)', 'CREATE VIEW seen AS SELECT 1'])(
    'a schema of another program is refused and gets no table of ours: %s',
    async (sql) => {
      await server.ask(`CREATE SCHEMA ${schema}`)
      await server.ask(sql.replace(/(TABLE|VIEW) /, `$1 ${schema}.`))
      await expect(open()).rejects.toThrow(/another program/)
      expect(
        await server.ask(`SELECT 1 FROM pg_tables WHERE schemaname = $1 AND tablename = 'ledger'`, [schema]),
      ).toEqual([])
    },
  )

  it('a user that may only use a schema made for it needs no right to make one', async () => {
    const role = `role_${schemas}`
    await server.ask(`CREATE ROLE ${role} LOGIN PASSWORD 'its own'`)
    const address = { ...server.address(schema), user: role, password: new Secret('its own') }
    await expect(openPostgresStore(address, NOW)).rejects.toThrow(/a right that the user does not have/)
    await server.ask(`CREATE SCHEMA ${schema} AUTHORIZATION ${role}`)
    const store = await openPostgresStore(address, NOW)
    expect(await store.joinStates([stateRow(1)], union, QUIETLY)).toEqual({ changed: 1 })
    await store.close()
  })

  it('two stores lie beside each other in one database, each with its own lease', async () => {
    const first = await open()
    schema = `${schema}_other`
    const second = await open()
    await first.joinStates([stateRow(1)], union, QUIETLY)
    expect(await second.countStates()).toBe(0)
    await Promise.all([first.close(), second.close()])
  })

  it('several that open an empty schema at once: one holds it, the others are told so', async () => {
    const opened = await Promise.allSettled([open(), open(), open(), open()])
    const stores = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    const codes = opened.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))
    expect(stores).toHaveLength(1)
    expect(codes).toEqual(['lease-held', 'lease-held', 'lease-held'])
    await stores[0]?.close()
  })

  it('a refused password and a missing database are told without the password', async () => {
    const address = { ...server.address(schema), password: new Secret('hunter2-hunter2') }
    const refused = openPostgresStore(address, NOW)
    await expect(refused).rejects.toMatchObject({ code: 'store-unusable' })
    await expect(refused).rejects.toThrow(/a password that the server refuses/)
    await expect(refused).rejects.not.toThrow(/hunter2/)
    const elsewhere = openPostgresStore({ ...server.address(schema), database: 'nowhere' }, NOW)
    await expect(elsewhere).rejects.toThrow(/no such database/)
  })

  it('a defect names no value of a row, though the server quotes them', async () => {
    const store = await open()
    await store.beginRun({ id: 'ada@example.com', job: 'sync', startedAt: 1 })
    const again = await store.beginRun({ id: 'ada@example.com', job: 'sync', startedAt: 1 }).catch((error) => error)
    expect(again).toMatchObject({ code: 'defect' })
    expect(JSON.stringify([again, again.message, again.stack, String(again.cause)])).not.toContain('ada@')
    expect(await store.runs(5)).toHaveLength(1)
    await store.close()
  })

  it('evidence can be neither changed nor removed', async () => {
    const store = await open()
    await store.settle(SCOPE, {
      now: 5,
      settlements: [],
      ledger: [],
      evidence: [
        {
          ...{ run: 'r', person: person(1), placeHash: 'h', rowId: undefined, what: 'purpose', from: null, to: true },
          ...{ lo: Number.NEGATIVE_INFINITY, hi: 4, event: undefined, decision: 'written' },
        },
      ],
      quarantine: [],
    })
    await store.close()
    const changes = [
      `UPDATE ${schema}.evidence SET decision = 'x'`,
      `DELETE FROM ${schema}.evidence`,
      `TRUNCATE ${schema}.evidence`,
      `INSERT INTO ${schema}.evidence SELECT * FROM ${schema}.evidence ON CONFLICT (sequence) DO UPDATE SET decision = 'x'`,
    ]
    for (const change of changes) await expect(server.ask(change)).rejects.toThrow(/evidence is append-only/)
    expect(await server.ask(`SELECT sequence, at, run, decision FROM ${schema}.evidence`)).toEqual([
      { sequence: '1', at: '5', run: 'r', decision: 'written' },
    ])
  })

  it('§2.1 at most 1,000 rejects of an object are listed; its count is whole', async () => {
    const store = await open()
    const object = { key: 'k', size: 1, etag: 'e', lines: 1_500, records: 0, rejects: 1_500, guests: 0, skipped: 0 }
    const rejects = Array.from({ length: 1_500 }, (_, line) => ({ object: 'k', line, code: 'not-json' }))
    await store.objectsIngested('e', '2026-11-01', 'ingested', [object], rejects)
    await store.objectsIngested('e', '2026-11-01', 'ingested', [{ ...object, key: 'l' }], [])
    await store.close()
    expect(await server.ask(`SELECT count(*)::int AS n FROM ${schema}.reject`)).toEqual([{ n: 1_000 }])
    expect(await server.ask(`SELECT rejects::int AS n FROM ${schema}.object WHERE key = 'k'`)).toEqual([{ n: 1_500 }])
  })

  it('texts far above what PostgreSQL can index are keys all the same', async () => {
    const store = await open()
    const noise = (seed: number) =>
      Array.from({ length: 20_000 }, (_, n) => String.fromCharCode(0x4e00 + ((n * n * 31 + n * seed) % 20_000))).join(
        '',
      )
    const [one, other] = [noise(7), noise(11)]
    const rows = [one, other].map((userId) => ({ ...stateRow(1, 'a', userId), ouid: one }))
    expect(await store.joinStates(rows, union, QUIETLY)).toEqual({ changed: 2 })
    expect(await store.joinStates([stateRow(1, 'b', other)], union, QUIETLY)).toEqual({ changed: 1 })
    await store.addKnownIds([one, other, one])
    expect(new Set(await store.knownIds())).toEqual(new Set([one, other]))
    await store.putLedger(SCOPE, [{ place: one }, { place: other }, { place: one, rowId: 'r' }])
    expect(await store.ledger(SCOPE, [other, one])).toEqual(
      new Map([
        [other, { place: other }],
        [one, { place: one, rowId: 'r' }],
      ]),
    )
    const addresses = [{ channel: 'custom' as const, address: one }]
    await store.saveContacts(SCOPE, [{ person: person(1), contacts: [{ contactId: undefined, addresses }] }])
    expect(await store.personsAt(SCOPE, addresses)).toEqual(new Map([[`custom/${one}`, [person(1)]]]))
    await store.close()
  })

  it('what needs several statements is whole: thousands of rows in one call', async () => {
    const store = await open()
    const rows = Array.from({ length: 5_000 }, (_, n) => stateRow(n))
    expect(await store.joinStates(rows, union, { targets: ['crm'], dueAll: false })).toEqual({ changed: 5_000 })
    expect(await store.countDue('crm')).toBe(5_000)
    const entries = rows.map((_, n) => ({ place: `slot/${n}`, rowId: `${n}` }))
    await store.putLedger(SCOPE, entries)
    expect(
      (
        await store.ledger(
          SCOPE,
          entries.map(({ place }) => place),
        )
      ).size,
    ).toBe(5_000)
    await store.close()
  })

  describe.skipIf(certificate === undefined)('over TLS', () => {
    it('a server whose certificate is trusted is used, encrypted', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'store-tls-'))
      const ca = join(folder, 'ca.pem')
      await writeFile(ca, certificate?.certificate ?? '')
      const store = await openPostgresStore({ ...server.address(schema), tls: { ca } }, NOW)
      const sessions = await server.ask(`SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
        WHERE application_name = 'didomi-dataverse'`)
      expect(sessions).toEqual([{ ssl: true }])
      expect(await store.countStates()).toBe(0)
      await store.close()
      await rm(folder, { recursive: true })
    })

    it('a certificate that nobody vouches for is refused', async () => {
      const opening = openPostgresStore({ ...server.address(schema), tls: {} }, NOW)
      await expect(opening).rejects.toMatchObject({ code: 'store-unusable' })
      await expect(opening).rejects.toThrow(/failing with DEPTH_ZERO_SELF_SIGNED_CERT/)
    })

    it('a certificate of another host is refused', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'store-tls-'))
      const ca = join(folder, 'ca.pem')
      await writeFile(ca, certificate?.certificate ?? '')
      const opening = openPostgresStore({ ...server.address(schema), host: 'localhost', tls: { ca } }, NOW)
      await expect(opening).rejects.toThrow(/failing with ERR_TLS_CERT_ALTNAME_INVALID/)
      await rm(folder, { recursive: true })
    })

    it('certificates to trust that are not there are named', async () => {
      const opening = openPostgresStore({ ...server.address(schema), tls: { ca: '/nowhere/ca.pem' } }, NOW)
      await expect(opening).rejects.toThrow(/no readable file \/nowhere\/ca\.pem/)
    })
  })
})

describe.skipIf(bin === undefined)('a server without TLS', () => {
  it('is refused where TLS is wanted: nothing falls back to plain text', async () => {
    const server = await startPostgres(bin ?? '')
    try {
      const opening = openPostgresStore({ ...server.address('plain'), tls: {} }, NOW)
      await expect(opening).rejects.toMatchObject({ code: 'store-unusable' })
      await expect(opening).rejects.toThrow(/a server that does not speak TLS/)
    } finally {
      await server.close()
    }
  })
})
