/** A run while it lasts: what a failed stage tells, what goes on after it, what the store remembers. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CodedError, type ErrorCode } from '../../src/lib/errors.ts'
import type { Log } from '../../src/lib/log.ts'
import { concludeRun, RunInTheMaking } from '../../src/report/run.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { countingClock } from '../support/dataverse-options.ts'
import { DELIVER, INGEST } from '../support/report-samples.ts'

const START_MS = Date.UTC(2026, 9, 23, 2, 15)
const PERSONAL = 'ada@example.com'

const coded = (code: ErrorCode) =>
  new CodedError(code, [{ where: 'here', found: 'one thing', expected: 'another', remedy: 'Mend it.' }])

function openRun() {
  const told: unknown[] = []
  const at = (level: string) => (fields: object, message: string) => void told.push({ level, ...fields, message })
  const log: Log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  const clock = countingClock(START_MS)
  return { run: new RunInTheMaking('run-1', clock, log), clock, told }
}

describe('RunInTheMaking', () => {
  it('§8.2 stages fail apart: after a failure the next stage is still tried', async () => {
    const { run, clock } = openRun()
    await run.stage('ingest', async () => {
      await clock.sleep(1_250)
      throw coded('source-unreadable')
    })
    await run.stage('deliver crm', async () => run.delivered(DELIVER))
    expect(run.failures).toEqual([
      {
        stage: 'ingest',
        code: 'source-unreadable',
        next: 'source',
        message: 'source-unreadable: here: found one thing; expected another. Mend it.',
      },
    ])
    expect(run.deliveries).toEqual([DELIVER])
    expect(run.durationsMs).toEqual({ ingest: 1_250, 'deliver crm': 0 })
  })

  it.each(['interrupted', 'terminated', 'lease-held'] as const)('%s ends the run at once', async (code) => {
    const { run } = openRun()
    await run.stage('ingest', async () => {
      throw coded(code)
    })
    await run.stage('deliver crm', async () => run.delivered(DELIVER))
    expect(run.deliveries).toEqual([])
    expect(Object.keys(run.durationsMs)).toEqual(['ingest'])
  })

  it.each([
    ['an error', new TypeError(`cannot read ${PERSONAL}`), 'TypeError'],
    ['a message that looks like a place', new Error(`at src/${PERSONAL.replace('@', '-')}:1:1`), 'Error'],
    ['a text', PERSONAL, 'string'],
    ['a reason with a cause', new Error(PERSONAL, { cause: new Error(PERSONAL) }), 'Error'],
  ])('an unexpected failure (%s) is a defect, told by its kind and never by its message', async (_, thrown, kind) => {
    const { run, told } = openRun()
    await run.stage('ingest', () => Promise.reject(thrown))
    expect(run.failures).toMatchObject([{ code: 'defect', next: 'defect' }])
    expect(run.failures[0]?.message).toContain(`an unexpected ${kind}`)
    expect(JSON.stringify([run.failures, told])).not.toMatch(/ada|example/)
  })
})

describe('alarms', () => {
  it('§8.5 what is close to deletion and what is gone is logged by name; a delay and a hole are not', () => {
    const { run, told } = openRun()
    const day = (date: string) => ({ exportId: 'E1', date })
    run.ingested({
      ...INGEST,
      overdue: [{ ...day('2026-10-13'), expiresInDays: 1 }],
      goneDates: [{ ...day('2026-10-12'), closedBy: ['a bootstrap'] }],
      pending: [day('2026-10-20')],
      open: [day('2026-10-21')],
      missingDates: [{ exportId: 'E1', from: '2026-10-14', to: '2026-10-15', closedBy: [] }],
    })
    expect(told).toEqual([
      {
        level: 'warn',
        ...day('2026-10-13'),
        expiresInDays: 1,
        message: 'partition not ingested and close to deletion',
      },
      {
        level: 'error',
        ...day('2026-10-12'),
        closedBy: ['a bootstrap'],
        message: 'partition gone before it was ingested',
      },
    ])
  })
})

describe('concludeRun', () => {
  let folder: string
  let store: Store
  const WISHES = {
    warnings: ['a word about the configuration'],
    targets: ['crm'],
    quarantineMax: 0,
    strict: false,
    alone: true,
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'didomi-dataverse-report-'))
    store = await openSqliteStore(join(folder, 'store.db'), { now: () => START_MS })
  })

  afterEach(async () => {
    await store.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('the store remembers the very report, its end and its exit code', async () => {
    const { run, clock } = openRun()
    await store.beginRun({ id: run.id, job: 'sync', startedAt: run.startedAt })
    run.ingested(INGEST)
    run.delivered(DELIVER)
    await clock.sleep(9_000)
    const report = await concludeRun(run, store, WISHES)
    expect(report).toMatchObject({ exitCode: 0, startedAt: '2026-10-23T02:15:00Z', endedAt: '2026-10-23T02:15:09Z' })
    expect(await store.runs(1)).toMatchObject([{ id: 'run-1', exitCode: 0, report: { ...report } }])
  })

  it('§8.2 somebody still due in the store ends with 6, also where no delivery reported it', async () => {
    const { run } = openRun()
    await store.joinStates([{ person: '0'.repeat(32), ouid: 'o', userId: 'u', state: '{}' }], (_, added) => added, {
      targets: ['crm', 'other'],
      dueAll: false,
    })
    expect((await concludeRun(run, store, WISHES)).exitCode).toBe(6)
    expect((await concludeRun(run, store, { ...WISHES, targets: [] })).exitCode).toBe(0)
  })

  it('§8.4 a broken sum ends with 1', async () => {
    const { run } = openRun()
    run.delivered({ ...DELIVER, persons: 79 })
    expect(await concludeRun(run, store, WISHES)).toMatchObject({ exitCode: 1, sums: { persons: false } })
  })

  it('§8.4 who has no outcome is due in the store, unless another process has seen to it', async () => {
    const { run } = openRun()
    run.delivered({ ...DELIVER, persons: 85, deferred: 5 })
    expect(await concludeRun(run, store, WISHES)).toMatchObject({ exitCode: 1, sums: { persons: false } })
    const shared = await concludeRun(run, store, { ...WISHES, alone: false })
    expect(shared).toMatchObject({ exitCode: 6, sums: { persons: true } })
  })

  it.each([
    ['interrupted', 130],
    ['terminated', 143],
  ] as const)('§9 %s ends with %i, whatever else is found', async (code, exit) => {
    const { run } = openRun()
    run.delivered({ ...DELIVER, persons: 79 })
    await run.stage('ingest', () => Promise.reject(coded(code)))
    expect((await concludeRun(run, store, WISHES)).exitCode).toBe(exit)
  })

  it('what the configuration had to say stands in the report', async () => {
    expect((await concludeRun(openRun().run, store, WISHES)).warnings).toEqual(WISHES.warnings)
  })
})
