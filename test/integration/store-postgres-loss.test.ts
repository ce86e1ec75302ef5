/** Connections to PostgreSQL that break: a commit's fate is found out, and a lost lease ends all writing. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openPostgresStore, type PostgresStore } from '../../src/store/postgres.ts'
import { person, SCOPE, settlePersons, stateRow, union } from '../contract/store-samples.ts'
import { openPostgresProxy, type PostgresProxy } from '../support/postgres-proxy.ts'
import { findPostgres, type PostgresServer, startPostgres } from '../support/postgres-server.ts'

const bin = findPostgres()
const FOR_CRM = { targets: ['crm'], dueAll: false }
const NOW = { now: () => 1_793_500_000_000 }

describe.skipIf(bin === undefined)('a connection that breaks', () => {
  let server: PostgresServer
  let proxy: PostgresProxy
  let store: PostgresStore
  let schema = ''
  let schemas = 0

  beforeAll(async () => {
    server = await startPostgres(bin ?? '')
  })
  afterAll(() => server?.close())
  beforeEach(async () => {
    schemas += 1
    schema = `lost_${schemas}`
    proxy = await openPostgresProxy(server.port)
    store = await openPostgresStore({ ...server.address(schema), port: proxy.port }, NOW)
  })
  afterEach(async () => {
    await store.close()
    await proxy.close()
  })

  /** The session that does a store's work has opened a transaction; the one of the lease never does. */
  const WORKER = `SELECT pid FROM pg_stat_activity WHERE application_name = 'didomi-dataverse' AND pid NOT IN
    (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND granted)`
  const HOLDER = `SELECT pid FROM pg_stat_activity WHERE application_name = 'didomi-dataverse' AND pid IN
    (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND granted)`

  it.each(['unsent', 'unanswered', 'late'] as const)(
    '§8.2 a commit whose answer is lost (%s) is done once, and the caller is told so',
    async (how) => {
      await store.joinStates([stateRow(1)], union, FOR_CRM)
      const broken = proxy.breakNextCommit(how)
      await store.markDue('crm', [person(1)])
      await broken
      // A mark counts each marking: a commit done twice would be seen.
      expect(await store.dueMarks('crm', [person(1)])).toEqual([{ person: person(1), mark: 2, afresh: true }])
      const twice = proxy.breakNextCommit(how)
      expect(await store.joinStates([stateRow(1, 'b'), stateRow(2)], union, FOR_CRM)).toEqual({ changed: 2 })
      await twice
      expect(await store.countStates()).toBe(2)
      expect(await store.takeDue('crm', undefined, 9)).toMatchObject([{ mark: 3 }, { mark: 1 }])
      expect(store.leaseLost.aborted).toBe(false)
    },
  )

  it('§8.2 a settlement whose commit got no answer is in the evidence once', async () => {
    await store.joinStates([stateRow(1)], union, FOR_CRM)
    const broken = proxy.breakNextCommit('unanswered')
    await store.settle(SCOPE, {
      now: 5,
      settlements: [{ person: person(1), mark: 1, outcome: 'written', park: 'clear' }],
      ledger: [{ place: 'slot/a' }],
      evidence: [
        {
          ...{ run: 'r', person: person(1), placeHash: 'h', rowId: undefined, what: 'purpose', from: null, to: true },
          ...{ lo: 1, hi: 2, event: undefined, decision: 'written' },
        },
      ],
      quarantine: [],
    })
    await broken
    expect(await store.countDue('crm')).toBe(0)
    expect(await server.ask(`SELECT run, decision FROM ${schema}.evidence`)).toEqual([
      { run: 'r', decision: 'written' },
    ])
  })

  it('§8.2 a session that the server ends in the middle of a commit leaves nothing, and the work is done again', async () => {
    await store.putLedger(SCOPE, [{ place: 'before' }])
    // A commit that waits inside the server: a trigger at its end wants a lock that this test holds.
    await server.ask(`CREATE FUNCTION ${schema}.wait() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NULL; END $$`)
    await server.ask(`CREATE CONSTRAINT TRIGGER waits AFTER INSERT ON ${schema}.ledger
      DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ${schema}.wait()`)
    const test = await server.session()
    await test.query('SELECT pg_advisory_lock(4711)')
    const put = store.putLedger(SCOPE, [{ place: 'a' }, { place: 'b' }])
    const committing = `SELECT pid FROM pg_stat_activity WHERE query = 'COMMIT' AND wait_event_type = 'Lock'`
    await server.until(committing)
    expect(await server.ask(`SELECT pg_terminate_backend(pid) AS ended FROM (${committing}) AS stuck`)).toEqual([
      { ended: true },
    ])
    await test.query('SELECT pg_advisory_unlock(4711)')
    await put
    await test.end()
    expect([...(await store.ledger(SCOPE, ['before', 'a', 'b'])).keys()]).toEqual(['before', 'a', 'b'])
    expect(store.leaseLost.aborted).toBe(false)
  })

  it('a session that the server ends between two calls is made anew', async () => {
    await store.joinStates([stateRow(1)], union, FOR_CRM)
    await server.ask(`SELECT pg_terminate_backend(pid) FROM (${WORKER}) AS worker`)
    expect(await store.countStates()).toBe(1)
    await server.ask(`SELECT pg_terminate_backend(pid) FROM (${WORKER}) AS worker`)
    expect(await store.joinStates([stateRow(2)], union, FOR_CRM)).toEqual({ changed: 1 })
  })

  it('§9 a lost lease is told at once, and from then on nothing is read or written', async () => {
    await store.joinStates([stateRow(1)], union, FOR_CRM)
    const told = new Promise((resolve) => store.leaseLost.addEventListener('abort', resolve, { once: true }))
    await server.ask(`SELECT pg_terminate_backend(pid) FROM (${HOLDER}) AS holder`)
    await told
    expect(store.leaseLost.reason).toMatchObject({ code: 'lease-held' })
    await expect(store.countStates()).rejects.toMatchObject({ code: 'lease-held' })
    await expect(store.joinStates([stateRow(2)], union, FOR_CRM)).rejects.toThrow(/no lease any more/)

    const next = await openPostgresStore(server.address(schema), NOW)
    expect(await next.countStates()).toBe(1)
    await next.close()
  })

  it('§9 a run that was taken over without knowing writes nothing more', async () => {
    await store.joinStates([stateRow(1)], union, FOR_CRM)
    // What a successor does first; this run believes in its lease, as a machine does that was cut off or paused.
    await server.ask(`DELETE FROM ${schema}.opening`)
    await expect(
      settlePersons(store, 5, { person: person(1), mark: 1, outcome: 'written', park: 'clear' }),
    ).rejects.toMatchObject({ code: 'lease-held' })
    expect(await store.countDue('crm')).toBe(1)
  })

  it('§8 a server process killed in the middle of a transaction takes nothing with it that was committed', async () => {
    await store.joinStates([stateRow(1)], union, FOR_CRM)
    const test = await server.session()
    const told = new Promise((resolve) => store.leaseLost.addEventListener('abort', resolve, { once: true }))
    await test.query(`BEGIN; LOCK TABLE ${schema}.ledger`)
    const put = store.putLedger(SCOPE, [{ place: 'a' }]).catch((error: unknown) => error)
    await server.until(
      `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT INTO ledger%'`,
    )
    const [{ pid } = {}] = await server.ask(WORKER)
    process.kill(Number(pid), 'SIGKILL')
    // The server throws out every session, restarts itself and recovers: the lease is gone as well.
    await told
    expect(await put).toMatchObject({ code: 'lease-held' })

    const next = await reopened()
    expect(await next.countStates()).toBe(1)
    expect(await next.countLedger(SCOPE)).toBe(0)
    expect(await next.takeDue('crm', undefined, 9)).toEqual([{ person: person(1), mark: 1, afresh: false }])
    await next.close()
  })

  /** Opens the store once the server is there again. */
  async function reopened(): Promise<PostgresStore> {
    for (;;) {
      try {
        return await openPostgresStore(server.address(schema), NOW)
      } catch (error) {
        if (!/starts or stops|ECONN|ended or was not made/.test(String(error))) throw error
      }
    }
  }

  it('a server out of reach is store-unusable, said without the password', async () => {
    await proxy.close()
    const opening = openPostgresStore({ ...server.address(schema), port: proxy.port }, NOW)
    await expect(opening).rejects.toMatchObject({ code: 'store-unusable', next: 'configuration' })
    await expect(opening).rejects.toThrow(/^store-unusable: store 127\.0\.0\.1:\d+\/postgres, schema lost_\d+: found /)
    await expect(opening).rejects.not.toThrow(/a password of the tests/)
    proxy = await openPostgresProxy(server.port)
  })
})
