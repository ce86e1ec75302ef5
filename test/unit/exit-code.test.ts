/** §9: the exit code of every finding, and which of several wins. */

import { describe, expect, it } from 'vitest'
import { ERROR_CODES, type Next } from '../../src/lib/errors.ts'
import { exitCode, type Finding } from '../../src/report/exit-code.ts'

/** The table of §9, from the finding that outranks all others to the one that yields to all. */
const RANKED: readonly (readonly [Finding, number])[] = [
  ['interrupted', 130],
  ['terminated', 143],
  ['defect', 1],
  ['authorisation', 3],
  ['configuration', 2],
  ['lease', 7],
  ['brake', 9],
  ['deferred', 6],
  ['source', 4],
  ['rejects-or-quarantine', 5],
  ['retention', 5],
]

describe('exitCode', () => {
  it('§9 nothing found is 0', () => {
    expect(exitCode([])).toBe(0)
  })

  it.each(RANKED)('§9 %s alone ends with %i', (finding, code) => {
    expect(exitCode([finding])).toBe(code)
    expect(exitCode([finding, finding])).toBe(code)
  })

  it.each(
    RANKED.flatMap(([first, code], rank) => RANKED.slice(rank + 1).map(([second]) => [first, second, code] as const)),
  )('§9 %s before %s, in either order', (first, second, code) => {
    expect(exitCode([first, second])).toBe(code)
    expect(exitCode([second, first])).toBe(code)
  })

  it('§9 all at once end as the first of the order, an interruption before all', () => {
    const left = RANKED.map(([finding]) => finding)
    const order: number[] = []
    while (left.length > 0) {
      order.push(exitCode([...left].reverse()))
      left.shift()
    }
    expect([...new Set(order)]).toEqual([130, 143, 1, 3, 2, 7, 9, 6, 4, 5])
  })

  it('§9 every error code of the registry has an exit code above 0', () => {
    const nexts = [...new Set<Next>(Object.values(ERROR_CODES))]
    expect(nexts.length).toBeGreaterThan(5)
    expect(nexts.filter((next) => exitCode([next]) === 0)).toEqual([])
  })
})
