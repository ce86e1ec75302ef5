/** The budget of requests as Didomi tells it (the IETF's seventh draft of `RateLimit`). */

import { describe, expect, it } from 'vitest'
import { restOf, withPace } from '../../src/didomi/pace.ts'
import type { Answer, Call } from '../../src/didomi/send.ts'
import { settableClock } from '../support/didomi-users.ts'

describe('RateLimit', () => {
  it('asks to rest only where nothing is left, never for longer than five minutes', () => {
    expect(restOf('limit=100, remaining=0, reset=12')).toBe(12_000)
    expect(restOf('limit=100, remaining=1, reset=12')).toBeUndefined()
    expect(restOf('remaining=0;reset=999999')).toBe(300_000)
    for (const odd of [undefined, '', 'remaining=0', 'remaining=-1, reset=3', 'notremaining=0, reset=3'])
      expect(restOf(odd)).toBeUndefined()
  })

  it('holds the next call back, not one that was refused, which says itself how long to wait', async () => {
    const clock = settableClock(0)
    const answers: Answer[] = [
      { status: 200, answeredAtMs: 0, restMs: 7_000 },
      { status: 429, answeredAtMs: 0, restMs: 9_000 },
      { status: 200, answeredAtMs: 0 },
    ]
    const waits: number[] = []
    const send = withPace(async () => answers.shift() as Answer, { clock, onWait: ({ waitMs }) => waits.push(waitMs) })
    const call: Call = { what: 'events', method: 'POST', url: new URL('http://127.0.0.1/') }
    for (let n = 0; n < 3; n += 1) await send(call, new AbortController().signal)
    expect(waits).toEqual([7_000])
    expect(clock.monotonic()).toBe(7_000)
  })
})
