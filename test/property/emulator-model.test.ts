/** Random requests and faults against a model: every fault leaves the tables in a state that the wire answer permits. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startEmulator } from '../../src/emulator/emulator.ts'
import { EmulatorDriver } from '../support/emulator-driver.ts'
import { type Step, steps, TROUBLES, told } from '../support/emulator-steps.ts'

const RUNS = 250
/** A guard for slow machines; the runs before it count. */
const LIMIT_MS = 60_000

let driver: EmulatorDriver

beforeAll(async () => {
  driver = new EmulatorDriver(
    await startEmulator({
      seed: {
        columns: {
          contacts: [
            { type: 'text', name: 'new_ouid', maxLength: 50 },
            { type: 'boolean', name: 'new_mute' },
          ],
        },
        keys: [{ table: 'contact', schemaName: 'new_OuidKey', columns: ['new_ouid'] }],
      },
    }),
  )
})
afterAll(() => driver.emulator.close())

/** The counterexample, a step on a line, with what was wrong. */
function short({ counterexample, errorInstance, seed, counterexamplePath }: fc.RunDetails<[Step[]]>): string {
  const [found = []] = counterexample ?? []
  const lines = found.map((step, at) => `${at + 1}. ${told(step)}`)
  const reason = errorInstance instanceof Error ? errorInstance.message : String(errorInstance)
  return [...lines, reason, `seed ${seed}, path ${counterexamplePath}`].join('\n')
}

async function named(where: string, work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (error) {
    throw new Error(`${where}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

describe('the emulator and a model of it agree', () => {
  it('on rows, versions, journal and keys after every answer, whatever broke', async () => {
    const property = fc.asyncProperty(steps, async (run) => {
      await driver.begin()
      for (const [at, step] of run.entries()) await named(`after step ${at + 1}`, driver.play(step))
      await named('at the end', driver.end())
    })
    const details = await fc.check(property, { numRuns: RUNS, interruptAfterTimeLimit: LIMIT_MS })
    if (details.failed) throw new Error(short(details))
    // A fault that never struck, or an outcome that never came, would have proved nothing.
    const { struck, outcomes } = driver.tally
    expect([...struck].sort()).toEqual([...TROUBLES].sort())
    expect([...outcomes].sort()).toEqual(['applied', 'refused', 'unknown, applied', 'unknown, left'])
    expect(driver.emulator.world.counters().notUnderstood).toBe(0)
  })
})
