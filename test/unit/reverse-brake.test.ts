/** How much may be told to Didomi at once (semantics §11.4). */

import { describe, expect, it } from 'vitest'
import { CodedError } from '../../src/lib/errors.ts'
import { brakeOnTelling } from '../../src/reverse/brake.ts'
import type { ToldStatement } from '../../src/store/told.ts'

const said = (n: number, value: ToldStatement['value']): ToldStatement => ({
  person: `person-${n}`,
  key: 'purpose/news',
  value,
  instant: n,
  event: `event-${n}`,
  state: 'intended',
})
const many = (count: number, value: ToldStatement['value'], from = 0) =>
  Array.from({ length: count }, (_, n) => said(from + n, value))

/** The plan that it names; undefined where it lets pass. */
function stoppedBy(untold: readonly ToldStatement[], records: number, accepted?: string): string | undefined {
  try {
    brakeOnTelling(untold, records, { brake: { share: 0.1, atLeast: 2 }, accepted })
    return undefined
  } catch (error) {
    expect(error).toBeInstanceOf(CodedError)
    expect((error as CodedError).code).toBe('brake')
    return /--accept ([0-9a-f]{16}),/.exec((error as CodedError).message)?.[1]
  }
}

describe('§11.4 the brake of the way back', () => {
  it('lets as many pass as the share or the least number allows, of each kind', () => {
    expect(stoppedBy([...many(2, true), ...many(2, false, 10), ...many(2, ['a'], 20)], 0)).toBeUndefined()
    expect(stoppedBy(many(10, false), 100)).toBeUndefined()
  })

  it.each([
    ['opt-ins', true],
    ['refusals', false],
    ['sets', ['a']],
  ] as const)('stops too many %s', (_, value) => {
    expect(stoppedBy(many(3, value), 0)).toBeDefined()
    expect(stoppedBy(many(11, value), 100)).toBeDefined()
    expect(stoppedBy(many(10, value), 109)).toBeUndefined()
  })

  it('lets exactly the plan pass that it named', () => {
    const plan = stoppedBy(many(3, false), 0)
    expect(stoppedBy(many(3, false), 0, plan)).toBeUndefined()
    expect(stoppedBy(many(4, false), 0, plan)).not.toBe(plan)
    expect(stoppedBy(many(3, false, 1), 0, plan)).toBeDefined()
  })
})
