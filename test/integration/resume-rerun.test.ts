/** Any past range may be run again, and partitions may come in any order: the end is the same (semantics §7, §8.3). */

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { type Control, consentTarget, contactTarget, controlOf, openPlace, type Place } from '../support/sync-run.ts'
import { differences, environmentContent, storeContent } from '../support/sync-store.ts'
import {
  CONSENT_MAPPINGS,
  CONTACT_MAPPINGS,
  CONTACT_OPTIONS,
  chanceOf,
  DATES,
  type Population,
  populationOf,
} from '../support/sync-world.ts'

const LIMIT_MS = 300_000
const SEED = 20_261_024

let emulator: Emulator
let control: Control
let place: Place

beforeEach(async () => {
  emulator = await startEmulator()
  control = controlOf(emulator.url)
  place = await openPlace()
})
afterEach(async () => {
  await emulator.close()
  await place.remove()
})

async function begin(population: Population, sealed: readonly string[]): Promise<void> {
  await control.begin(population.seed)
  for (const day of population.days) await place.writeDay({ ...day, sealed: sealed.includes(day.date) })
  const brake = { share: 1, atLeast: 100_000 }
  await place.configure([
    contactTarget(emulator.url, CONTACT_MAPPINGS, { brake, upsert: true, entryOptions: CONTACT_OPTIONS }),
    consentTarget(emulator.url, CONSENT_MAPPINGS, { brake }),
  ])
}

/** Everything durable of this place, to be found again. */
async function content(causes: 'causes' | 'values') {
  const { foreign, ...store } = storeContent(place.store)
  return {
    ...(await environmentContent(control, causes)),
    ...store,
    ...(causes === 'causes' ? { foreign: foreign ?? [] } : {}),
  }
}

async function runWithoutWriting(flags: readonly string[]): Promise<void> {
  const before = await content('causes')
  await control.ask('DELETE', 'counters')
  const { exitCode, report, stderr } = await place.run({ flags })
  expect(exitCode, stderr).toBe(0)
  const { writeRequests, rowsCreated, rowsUpdated, requests } = await control.counters()
  expect({ writeRequests, rowsCreated, rowsUpdated }, flags.join(' ')).toEqual({
    writeRequests: 0,
    rowsCreated: 0,
    rowsUpdated: 0,
  })
  expect(requests).toBeGreaterThan(0)
  expect(report?.deliver.map(({ places }) => places.written)).toEqual([0, 0])
  expect(differences(await content('causes'), before), flags.join(' ')).toEqual([])
}

describe('§8.3 a rerun', () => {
  it(
    'of a run, of a past range, of a single day, or of everything writes nothing and changes nothing',
    async () => {
      await begin(populationOf(chanceOf(SEED), true), DATES)
      expect((await place.run()).exitCode).toBe(0)

      await runWithoutWriting([])
      await runWithoutWriting(['--from', '2026-10-21', '--to', '2026-10-22'])
      await runWithoutWriting(['--from', '2026-10-20', '--to', '2026-10-20'])
      await runWithoutWriting(['--from', '2026-10-20'])
    },
    LIMIT_MS,
  )

  it(
    'delivers everybody of the range, having read Dataverse afresh: it repairs what was lost there',
    async () => {
      const population = populationOf(chanceOf(SEED), false)
      await begin(population, DATES)
      expect((await place.run()).exitCode).toBe(0)
      const right = await environmentContent(control, 'values')
      // Our own rows are set to "nothing stated", as a careless import might do.
      const rows = (await control.rows('contacts')).filter((row) => row['new_newsletter'] === true).slice(0, 3)
      for (const row of rows) await control.edit('contacts', String(row['contactid']), { new_newsletter: null })
      expect(rows).toHaveLength(3)
      await control.ask('DELETE', 'counters')

      expect((await place.run({ flags: ['--from', '2026-10-20', '--to', '2026-10-20'] })).exitCode).toBe(0)
      expect(differences(await environmentContent(control, 'values'), right)).toEqual([])
      expect((await control.counters()).rowsUpdated).toBe(3)
    },
    LIMIT_MS,
  )
})

describe('§7 partitions in any order', () => {
  it.each([
    [1, [3, 2, 1, 0]],
    [2, [2, 0, 3, 1]],
    [3, [1, 3, 0, 2]],
  ])(
    'seed %i: sealed one after another as %j they end like all at once, in Dataverse and in the store',
    async (seed, order) => {
      const population = populationOf(chanceOf(seed), false)
      await begin(population, DATES)
      expect((await place.run()).exitCode).toBe(0)
      const atOnce = await content('values')
      await place.remove()

      place = await openPlace()
      await begin(population, [])
      for (const index of order) {
        const date = DATES[index] ?? ''
        await place.seal(date)
        const { exitCode, report } = await place.run()
        expect(exitCode).toBe(0)
        expect(report?.ingest?.partitions.map((partition) => partition.date)).toEqual([date])
      }
      expect(differences(await content('values'), atOnce)).toEqual([])
      expect(await storeContent(place.store)['due']).toEqual([])
    },
    LIMIT_MS,
  )
})
