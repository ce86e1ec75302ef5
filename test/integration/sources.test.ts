/** `sources status` on the command line, over a real folder and a real store: §8.1, §8.5, §9. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/lib/clock.ts'
import type { SourcesReport } from '../../src/report/sources-report.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import {
  CONFIG,
  configuration,
  daysAgo,
  EXPORT_ID,
  type Lab,
  line,
  openLab,
  runCli,
  target,
} from '../support/cli-run.ts'

const LIMIT_MS = 120_000

/** Holds the lease of the store it is given until its stdin ends. */
const HOLDER = `
import { openSqliteStore } from ${JSON.stringify(new URL('../../dist/src/store/sqlite.js', import.meta.url).href)}
const clock = { now: () => Date.now(), monotonic: () => performance.now(), sleep: () => Promise.resolve() }
const store = await openSqliteStore(process.argv[1], clock)
console.log('held')
process.stdin.resume()
process.stdin.once('end', () => store.close().then(() => process.exit(0)))
`

let lab: Lab

beforeEach(async () => {
  lab = await openLab({
    seed: { columns: { contact: [{ type: 'boolean', name: 'new_newsletter' }] }, rows: { contacts: [] } },
  })
  await configure()
})

afterEach(() => lab.close())

async function configure(more: object = {}) {
  const crm = target(lab.emulator.url, 'crm', 'contact', [{ id: 'new_newsletter', value: 'newsletter' }])
  await lab.configure(configuration([crm], more))
}

const status = (...args: string[]) =>
  runCli(['sources', 'status', '--config', CONFIG, ...args], {
    cwd: lab.folder,
    env: { DATAVERSE_CLIENT_SECRET: 'not-asked-for' },
  })

async function report(...args: string[]): Promise<SourcesReport> {
  return JSON.parse((await status('--json', ...args)).stdout) as SourcesReport
}

const states = ({ partitions }: SourcesReport) =>
  partitions.map(({ date, to, state }) => [date, ...(to === undefined ? [] : [to]), state])

/** A day with one part; answers the part's path. */
async function day(days: number, sealed = true): Promise<string> {
  const path = await lab.part(daysAgo(days), 'a.ndjson', line('ada@example.com', daysAgo(days)))
  if (sealed) await lab.seal(daysAgo(days))
  return path
}

describe('sources status', () => {
  it(
    '§8.1, §8.5 tells every partition before and after a run, and reads nothing',
    async () => {
      await configure({ retention: { days: 7 } })
      await day(2)
      await day(1)
      await day(0, false)
      await lab.part(daysAgo(1), '../proofs/1.png', 'x')
      const before = await status()
      expect(before.code).toBe(0)
      expect(before.stdout.split('\n').slice(0, 4)).toEqual([
        expect.stringMatching(/^ {2}EXPORT +DATE +STATE +OBJECTS +STORED +AGE +DELETED IN$/),
        expect.stringMatching(new RegExp(`^  ${EXPORT_ID}  ${daysAgo(2)}  pending +1 +\\d+ B  2 d +5 d$`)),
        expect.stringMatching(new RegExp(`^  ${EXPORT_ID}  ${daysAgo(1)}  pending +1 +\\d+ B  1 d +6 d$`)),
        expect.stringMatching(new RegExp(`^  ${EXPORT_ID}  ${daysAgo(0)}  open +1 +\\d+ B  0 d +7 d$`)),
      ])
      expect(before.stdout).toContain('proofs')
      expect(before.stdout).toContain('2 partitions to be read: the next sync does.')
      expect(lab.stored('SELECT count(*) AS n FROM partition')).toMatchObject([{ n: 0 }])
      expect(lab.requests).toEqual([])
      await lab.sync()
      const after = await report()
      expect(states(after)).toEqual([
        [daysAgo(2), 'ingested'],
        [daysAgo(1), 'ingested'],
        [daysAgo(0), 'open'],
      ])
      expect(after).toMatchObject({ version: 1, retentionDays: 7, alarms: 0, ignoredFolders: ['proofs'] })
      await lab.part(daysAgo(2), 'b.ndjson', line('ben@example.com', daysAgo(2)))
      expect(states(await report())).toEqual([
        [daysAgo(2), 'changed'],
        [daysAgo(1), 'ingested'],
        [daysAgo(0), 'open'],
      ])
    },
    LIMIT_MS,
  )

  it(
    '§8.5, §9 what is too late alarms: exit 0, or 5 with --strict',
    async () => {
      await day(6)
      const lax = await status()
      expect([lax.code, lax.stdout]).toEqual([0, expect.stringContaining('run `didomi-dataverse sync` now')])
      expect((await status('--strict')).code).toBe(5)
      expect((await status('--strict', '--json')).code).toBe(5)
      await lab.sync()
      expect((await status('--strict')).code).toBe(0)
    },
    LIMIT_MS,
  )

  it(
    '§8.5 a gap is named with what closes it, until a bootstrap has',
    async () => {
      await day(9)
      const damaged = await lab.part(daysAgo(7), 'a.json.gz', 'no gzip')
      await lab.seal(daysAgo(7))
      await day(3)
      await lab.sync()
      await rm(dirname(dirname(damaged)), { recursive: true })
      const open = await report('--strict')
      expect(states(open)).toEqual([
        [daysAgo(9), 'ingested'],
        [daysAgo(8), 'missing'],
        [daysAgo(7), 'gone'],
        [daysAgo(6), daysAgo(4), 'missing'],
        [daysAgo(3), 'ingested'],
      ])
      expect(open.alarms).toBe(1)
      expect(open.partitions[2]?.closedBy).toEqual(['didomi-dataverse bootstrap --from api'])
      await note(`${daysAgo(5)}T02:00:00Z`)
      const closed = await report()
      expect(states(closed)).toEqual([
        [daysAgo(9), 'ingested'],
        [daysAgo(8), 'closed'],
        [daysAgo(7), 'closed'],
        [daysAgo(6), 'closed'],
        [daysAgo(5), daysAgo(4), 'missing'],
        [daysAgo(3), 'ingested'],
      ])
      expect(closed).toMatchObject({ alarms: 0, bootstrappedAt: `${daysAgo(5)}T02:00:00Z` })
      expect((await status('--strict')).code).toBe(0)
    },
    LIMIT_MS,
  )

  it(
    '§9 ends with 7 while a run holds the store, and with 4 where the source cannot be listed',
    async () => {
      const gone = await status()
      expect([gone.code, gone.stdout]).toEqual([4, ''])
      expect(gone.stderr).toMatch(/^source-unreadable: /)
      await day(1)
      const holder = spawn(
        process.execPath,
        ['--input-type=module', '-e', HOLDER, join(lab.folder, 'state', 'didomi-dataverse.db')],
        { stdio: ['pipe', 'pipe', 'inherit'] },
      )
      await once(createInterface({ input: holder.stdout }), 'line')
      const held = await status()
      expect([held.code, held.stdout]).toEqual([7, ''])
      holder.stdin.end()
      await once(holder, 'exit')
      expect((await status()).code).toBe(0)
    },
    LIMIT_MS,
  )
})

/** Notes a bootstrap, as the job does at its end. */
async function note(instant: string): Promise<void> {
  const store = await openSqliteStore(join(lab.folder, 'state', 'didomi-dataverse.db'), systemClock)
  try {
    await store.setBookmark('bootstrapped-at', instant)
  } finally {
    await store.close()
  }
}
