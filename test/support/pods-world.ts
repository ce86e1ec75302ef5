/** A world for the pods of one job: an export of several parts, an emulated Dataverse that tells overlaps, a schema of its own. */

import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/emulator/emulator.ts'
import { openPostgresStore } from '../../src/store/postgres.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { type Content, contentOf } from './port-content.ts'
import type { PostgresServer } from './postgres-server.ts'
import {
  type Control,
  consentTarget,
  contactTarget,
  controlOf,
  openPlace,
  type Place,
  type RunResult,
  type RunUnderWay,
} from './sync-run.ts'
import { environmentContent } from './sync-store.ts'
import {
  below,
  type Chance,
  CONSENT_MAPPINGS,
  CONTACT_MAPPINGS,
  CONTACT_OPTIONS,
  chanceOf,
  contactRow,
  DATES,
  environment,
  lineOf,
} from './sync-world.ts'

const NOW = { now: () => 0 }
const LOUD = ['--log-level', 'info']
const PERSONS = 120
/** Of two persons in this many, one writes the other's address in capitals: two persons, one contact, one address. */
const PAIRED = 20
const PARTS = 4

/** Two requests that want one row at the same time: the later one is refused at once, and the run's log tells the code. */
export const OVERLAPS_SHOW: EmulatorOptions = {
  serviceTime: { baseMs: 15, readMs: 1, sigma: 0.25 },
  locks: { deadlockRate: 1 },
}
export const OVERLAP = /0x80044150|0x80040255/

const emailOf = (number: number) => `p${number}@example.com`
const ouidOf = (number: number) =>
  number < PERSONS - PAIRED ? emailOf(number) : `P${number - (PERSONS - PAIRED)}@Example.com`

function linesOf(date: string, day: number, chance: Chance): string[] {
  return Array.from({ length: PERSONS }, (_, number) => number).flatMap((number) => {
    if (day > 0 && chance() < 0.5) return []
    const at = `${date}T${String(1 + below(chance, 22)).padStart(2, '0')}:${String(below(chance, 60)).padStart(2, '0')}:00Z`
    const interests = ['sports', 'travel', 'food'].filter(() => chance() < 0.5)
    const said = { newsletter: chance() < 0.6, offers: chance() < 0.6, interests }
    return [lineOf({ ouid: ouidOf(number), at, version: day + 1, event: chance() < 0.7, ...said })]
  })
}

/** Lines of an export: how many there are, and the parts that hold them. */
export function exportOf(seed: number): { readonly lines: number; readonly days: Parameters<Place['writeDay']>[0][] } {
  const chance = chanceOf(seed)
  const days = DATES.map((date, day) => {
    const lines = linesOf(date, day, chance)
    const size = Math.ceil(lines.length / PARTS)
    return { date, parts: Array.from({ length: PARTS }, (_, part) => lines.slice(part * size, (part + 1) * size)) }
  })
  return { days, lines: days.flatMap(({ parts }) => parts.flat()).length }
}

const SEED = environment(
  Array.from({ length: PERSONS - PAIRED }, (_, number) => number)
    // Two persons who share a contact that is missing: which of them names it when it is made is chance.
    .filter((number) => number < PAIRED || number % 6 !== 5)
    .map((number) => contactRow(number, emailOf(number))),
  [],
)

export interface PodsWorld {
  readonly emulator: Emulator
  readonly control: Control
  /** Starts one pod of a job. */
  start(job: string, index: number): RunUnderWay
  /** Starts a process that has the store alone. */
  startAlone(): RunUnderWay
  /** What is left in Dataverse and in the store of a job that has ended. */
  left(): Promise<Content>
  /** What one process on SQLite leaves in the same world, begun anew. */
  onSqlite(): Promise<Content>
  /** Everything as it was, but the store. */
  beginAnew(): Promise<void>
  close(): Promise<void>
}

/** How long a pod that is silent counts as alive, and how long one request may take. */
export interface Patience {
  readonly lease: string
  readonly timeout: string
}

/** Opens a world on this schema; whoever opens it closes it. */
export async function openPodsWorld(
  server: PostgresServer,
  schema: string,
  days: readonly Parameters<Place['writeDay']>[0][],
  patience: Patience,
): Promise<PodsWorld> {
  const emulator = await startEmulator({ seed: SEED, ...OVERLAPS_SHOW })
  const control = controlOf(emulator.url)
  const address = server.address(schema)
  const { host, port, database, user } = address
  const { lease, timeout } = patience
  const configure = (at: Place, settings: Readonly<Record<string, unknown>> = {}) => {
    const effort = { concurrency: 3, batchRows: 10, timeout, brake: { share: 1, atLeast: 100_000 } }
    const contacts = { ...effort, upsert: true, entryOptions: CONTACT_OPTIONS }
    const targets = [
      contactTarget(emulator.url, CONTACT_MAPPINGS, contacts),
      consentTarget(emulator.url, CONSENT_MAPPINGS, effort),
    ]
    return at.configure(targets, settings)
  }
  const env = { STORE_PASSWORD: address.password.reveal() }
  const openFilled = async () => {
    const place = await openPlace()
    for (const day of days) await place.writeDay(day)
    return place
  }
  const contentIn = async (open: () => Promise<Store>) => {
    const store = await open()
    try {
      return { ...(await environmentContent(control, 'causes')), ...(await contentOf(store)) }
    } finally {
      await store.close()
    }
  }
  const place = await openFilled()
  const postgres = { host, port, database, user, password: `\${env:STORE_PASSWORD}`, schema, lease, spill: './spill' }
  await configure(place, { store: { postgres } })
  return {
    emulator,
    control,
    start: (job, index) =>
      place.start({ flags: ['--job', job, ...LOUD], env: { ...env, JOB_COMPLETION_INDEX: String(index) } }),
    startAlone: () => place.start({ flags: LOUD, env }),
    left: () => contentIn(() => openPostgresStore(address, NOW)),
    beginAnew: () => control.begin(SEED),
    async onSqlite() {
      await control.begin(SEED)
      const alone = await openFilled()
      try {
        await configure(alone)
        const result = await alone.run()
        if (result.exitCode !== 0) throw new Error(`the run on SQLite ended with ${result.exitCode}: ${result.stderr}`)
        return await contentIn(() => openSqliteStore(alone.store, NOW))
      } finally {
        await alone.remove()
      }
    },
    async close() {
      await emulator.close()
      await place.remove()
    },
  }
}

/** Adds up what pods report. */
export function sumOf(
  results: readonly RunResult[],
  pick: (report: NonNullable<RunResult['report']>) => number,
): number {
  return results.reduce((sum, { report }) => sum + (report === undefined ? 0 : pick(report)), 0)
}
