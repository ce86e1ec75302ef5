/** One run at a time, and an orderly end: what a signal interrupts, the next run finishes (semantics §9). */

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { type Control, consentTarget, contactTarget, controlOf, openPlace, type Place } from '../support/sync-run.ts'
import { differences, environmentContent, storeContent } from '../support/sync-store.ts'
import { CONSENT_MAPPINGS, CONTACT_MAPPINGS, CONTACT_OPTIONS, chanceOf, populationOf } from '../support/sync-world.ts'

const POPULATION = populationOf(chanceOf(7), true)
const LIMIT_MS = 240_000

function configure(at: Place): Promise<void> {
  const effort = { concurrency: 2, batchRows: 4, brake: { share: 1, atLeast: 100_000 } }
  return at.configure([
    contactTarget(emulator.url, CONTACT_MAPPINGS, { ...effort, upsert: true, entryOptions: CONTACT_OPTIONS }),
    consentTarget(emulator.url, CONSENT_MAPPINGS, effort),
  ])
}

/** What an undisturbed run leaves in an environment and a store of its own. */
async function undisturbed(): Promise<Readonly<Record<string, readonly string[]>>> {
  await control.begin(POPULATION.seed)
  const fresh = await openPlace()
  try {
    for (const day of POPULATION.days) await fresh.writeDay(day)
    await configure(fresh)
    expect((await fresh.run()).exitCode).toBe(0)
    return { ...(await environmentContent(control, 'causes')), ...storeContent(fresh.store) }
  } finally {
    await fresh.remove()
  }
}

let emulator: Emulator
let control: Control
let place: Place

beforeEach(async () => {
  emulator = await startEmulator({ seed: POPULATION.seed })
  control = controlOf(emulator.url)
  place = await openPlace()
  for (const day of POPULATION.days) await place.writeDay(day)
  await configure(place)
})
afterEach(async () => {
  await emulator.close()
  await place.remove()
})

describe('lease', () => {
  it(
    '§9 a second run beside one that waits for an answer ends at once with 7 and asks Dataverse nothing',
    async () => {
      const hold = await control.hold({ message: 'CreateMultiple' })
      const first = place.start()
      await control.held(hold)
      const { requests } = await control.counters()

      const second = await place.run()
      expect(second.exitCode).toBe(7)
      expect(second.stdout).toBe('')
      expect(second.stderr).toContain('lease-held')

      await control.ask('POST', 'hold/release', { how: 'answer' })
      expect((await first.ended).exitCode).toBe(0)
      expect((await control.counters()).requests).toBeGreaterThan(requests)
    },
    LIMIT_MS,
  )
})

describe('signals', () => {
  it.each([
    ['SIGTERM', 143, 'terminated', 'CreateMultiple'],
    ['SIGINT', 130, 'interrupted', 'UpdateMultiple'],
    ['SIGTERM', 143, 'terminated', 'RetrieveMultiple'],
  ] as const)(
    '§9 %s ends a run in order with %i (%s) while it waits for %s, and the next run finishes the work',
    async (signal, exitCode, code, message) => {
      const hold = await control.hold({ message })
      const run = place.start()
      await control.held(hold)
      run.kill(signal)
      const ended = await run.ended
      expect([ended.exitCode, ended.signal]).toEqual([exitCode, null])
      expect(ended.report?.failures.map((failure) => failure.code)).toEqual([code])
      await control.ask('POST', 'hold/release', { how: 'reset' })

      expect((await place.run()).exitCode).toBe(0)
      const [environment, store] = [await environmentContent(control, 'causes'), storeContent(place.store)]
      expect(store['due']).toEqual([])

      expect(differences({ ...environment, ...store }, await undisturbed())).toEqual([])
    },
    LIMIT_MS,
  )
})
