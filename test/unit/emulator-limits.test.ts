/** The service protection limits as arithmetic (Dataverse: 6,000 requests, 1,200 s of execution, 52 at once in 300 s). */
import { describe, expect, it } from 'vitest'
import { Allowance, DOCUMENTED_LIMITS, type LimitSettings } from '../../src/emulator/limits.ts'

const open = (settings: Partial<LimitSettings> = {}) => new Allowance({ ...DOCUMENTED_LIMITS, ...settings })

/** Sends `count` requests, one each `everyMs`, each done at once after `executionMs` of work. */
function send(allowance: Allowance, count: number, everyMs: number, executionMs = 0, from = 0): void {
  for (let at = 0; at < count; at++) {
    expect(allowance.arrive(from + at * everyMs)).toEqual({ admitted: true })
    allowance.complete(from + at * everyMs, executionMs)
  }
}

describe('requests', () => {
  it('6,000 are let in, the next one waits until the first is 300 s old', () => {
    const allowance = open()
    send(allowance, 6_000, 10)
    expect(allowance.arrive(60_000)).toEqual({ admitted: false, limit: 'requests', waitMs: 240_000 })
    expect(allowance.arrive(300_000)).toEqual({ admitted: true })
  })

  it('the window slides: each request that leaves makes room for one', () => {
    const allowance = open({ requests: 3 })
    send(allowance, 3, 100_000)
    expect(allowance.arrive(300_000).admitted).toBe(true)
    expect(allowance.arrive(300_001)).toMatchObject({ admitted: false, waitMs: 99_999 })
    expect(allowance.arrive(400_000).admitted).toBe(true)
  })

  it('what is left is told', () => {
    const allowance = open()
    send(allowance, 10, 1, 500)
    expect(allowance.remaining(10)).toEqual({ requests: 5_990, executionMs: 1_195_000 })
    expect(allowance.remaining(400_000)).toEqual({ requests: 6_000, executionMs: 1_200_000 })
  })
})

describe('execution time', () => {
  it('is charged on completion, so what is at work does not count yet', () => {
    const allowance = open({ executionMs: 10_000 })
    for (let at = 0; at < 5; at++) expect(allowance.arrive(0).admitted).toBe(true)
    for (let at = 0; at < 5; at++) allowance.complete(4_000, 4_000)
    expect(allowance.arrive(4_000)).toEqual({ admitted: false, limit: 'execution-time', waitMs: 300_000 })
  })

  it('room comes with the charges that leave, not before enough have', () => {
    const spent = () => {
      const allowance = open({ executionMs: 10_000 })
      for (let at = 0; at < 3; at++) expect(allowance.arrive(0).admitted).toBe(true)
      for (const at of [0, 1_000, 2_000]) allowance.complete(at, 6_000)
      expect(allowance.arrive(3_000)).toEqual({ admitted: false, limit: 'execution-time', waitMs: 298_000 })
      return allowance
    }
    expect(spent().arrive(300_999).admitted).toBe(false)
    expect(spent().arrive(301_000).admitted).toBe(true)
  })
})

describe('concurrency', () => {
  it('the 53rd at once is refused at once, and one that is done makes room at once', () => {
    const allowance = open()
    for (let at = 0; at < 52; at++) expect(allowance.arrive(0).admitted).toBe(true)
    expect(allowance.arrive(0)).toMatchObject({ admitted: false, limit: 'concurrency' })
    allowance.complete(1, 1)
    expect(allowance.arrive(1).admitted).toBe(true)
  })
})

describe('pushing during a lock-out', () => {
  const lockedOut = (pushMs: number) => {
    const allowance = open({ requests: 2, pushMs })
    send(allowance, 2, 0)
    const waits = [0, 0, 0].map(() => allowance.arrive(100_000)).map((one) => (one.admitted ? 0 : one.waitMs))
    return { allowance, waits }
  }

  it('lengthens it for each request, and each counts as one of the window', () => {
    const { allowance, waits } = lockedOut(1_000)
    expect(waits).toEqual([200_000, 201_000, 202_000])
    expect(allowance.arrive(301_999)).toMatchObject({ admitted: false, waitMs: 1_001 })
    // The three pushes stand in the window themselves; the last of them came at 301,999.
    expect(allowance.arrive(303_000)).toMatchObject({ admitted: false, waitMs: 97_000 })
  })

  it('changes nothing where the service is gentle', () => {
    const { allowance, waits } = lockedOut(0)
    expect(waits).toEqual([200_000, 200_000, 200_000])
    expect(allowance.arrive(300_000).admitted).toBe(true)
  })
})
