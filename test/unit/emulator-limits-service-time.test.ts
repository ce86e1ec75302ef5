/** How long a request takes: base, rows, keys, plug-ins, jitter, queueing. */
import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../src/emulator/random.ts'
import {
  type RowWork,
  type ServiceTimeSettings,
  serviceMs,
  USUAL_SERVICE_TIME,
} from '../../src/emulator/service-time.ts'

const SETTINGS: ServiceTimeSettings = {
  ...USUAL_SERVICE_TIME,
  rowMs: { create: 1, update: 2, upsert: 3, delete: 4 },
  plugIns: { contact: 10 },
  sigma: 0,
}
const row = (write: RowWork['write'], changes: Partial<RowWork> = {}): RowWork => ({
  table: 'account',
  write,
  byKey: false,
  ...changes,
})
const msOf = (rows: readonly RowWork[], settings: Partial<ServiceTimeSettings> = {}, atWork = 1, reads = 0) =>
  serviceMs({ reads, rows }, { ...SETTINGS, ...settings }, atWork, new SeededRandom(1))

describe('service time', () => {
  it('is a base, and a cost for each read and each row by its kind', () => {
    expect(msOf([])).toBe(100)
    expect(msOf([], {}, 1, 2)).toBe(110)
    expect(msOf([row('create'), row('update'), row('upsert'), row('delete')])).toBe(110)
  })

  it('an alternate key adds to its row, plug-ins multiply the rows of their table', () => {
    expect(msOf([row('update', { byKey: true })])).toBe(102.5)
    expect(msOf([row('update', { table: 'contact', byKey: true }), row('update')])).toBe(127)
  })

  it('grows in proportion above the cap, and not below it', () => {
    expect([1, 8, 16, 32].map((atWork) => msOf([], { slowAbove: 8 }, atWork))).toEqual([100, 100, 200, 400])
  })

  it('jitter has the median it is said to have, and comes back with its seed', () => {
    const draw = (seed: number) => {
      const random = new SeededRandom(seed)
      return Array.from({ length: 2_001 }, () => random.logNormal(0.25))
    }
    const sorted = draw(7).sort((a, b) => a - b)
    expect(sorted[1_000]).toBeCloseTo(1, 1)
    expect(sorted[320]).toBeCloseTo(Math.exp(-0.25), 1)
    expect(draw(7)).toEqual(draw(7))
    expect(draw(7)).not.toEqual(draw(8))
  })
})
