/** The evidence log under several writers, and what time takes from it. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expireEvidence } from '../../jobs/evidence.ts'
import { DAY } from '../../src/consent/time.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { openPostgresStore } from '../../src/store/postgres.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { addEvidence, checked, evidenceFor } from '../contract/store-evidence.ts'
import { findPostgres, type PostgresServer, startPostgres } from '../support/postgres-server.ts'

it('entries go once they are older than the setting says, and the log tells how many went', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'evidence-log-'))
  const nowMs = Date.UTC(2026, 10, 1)
  const clock = { ...systemClock, now: () => nowMs }
  const store = await openSqliteStore(join(folder, 'state.db'), clock)
  const told: object[] = []
  const log = { debug() {}, info: (fields: object) => void told.push(fields), warn() {}, error() {} }
  for (const days of [31, 30.5, 30, 1]) await addEvidence(store, nowMs * 1_000 - days * DAY, [evidenceFor(1)])
  await expireEvidence({ store, clock, log }, 30)
  await expireEvidence({ store, clock, log }, 30)
  expect(await checked(store)).toMatchObject({ entries: 2, expired: 2, breaks: [] })
  expect(told).toEqual([{ entries: 2 }])
  await store.close()
  await rm(folder, { recursive: true })
})

const bin = findPostgres()
describe.skipIf(bin === undefined)('in PostgreSQL', () => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await startPostgres(bin ?? '')
  })
  afterAll(() => server?.close())

  it('pods that settle at the same time make one chain, and one key for each person', {
    timeout: 120_000,
  }, async () => {
    const pods = await Promise.all(
      [1, 2, 3].map(() => openPostgresStore(server.address('pods'), systemClock, { job: 'j' })),
    )
    const rounds = Array.from({ length: 12 }, (_, round) => round)
    // Pods claim what they settle, so that no two have one person; keys of persons are made by all of them all the same.
    await Promise.all(
      pods.map(async (store, pod) => {
        for (const round of rounds) {
          await addEvidence(store, round, [evidenceFor(round, { run: `${pod}` }), evidenceFor(99, { run: `${pod}` })])
        }
      }),
    )
    const [store] = pods
    if (store === undefined) throw new Error('no pod')
    expect(await checked(store)).toMatchObject({ entries: 72, erased: 0, breaks: [], head: { sequence: 72 } })
    const kept = await store.evidenceAfter(0, 100)
    expect(new Set(kept.map(({ subject }) => Buffer.from(subject).toString('hex'))).size).toBe(13)
    for (const pod of ['0', '1', '2']) expect(kept.filter(({ run }) => run === pod)).toHaveLength(24)
    for (const open of pods) await open.close()
  })
})
