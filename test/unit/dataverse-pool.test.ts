import { describe, expect, it } from 'vitest'
import { TooLate } from '../../src/dataverse/freshness.ts'
import { NoAnswer, type Reply } from '../../src/dataverse/send.ts'
import { PoolWorld } from '../support/pool-world.ts'

const SLACK_MS = 600

function throttled(seconds: number, code = '0x80072321'): Partial<Reply> {
  return {
    status: 429,
    headers: { 'retry-after': String(seconds) },
    body: JSON.stringify({ error: { code, message: 'Number of requests exceeded the limit' } }),
  }
}

/** One user, one request at a time. */
const narrow = () => new PoolWorld(1, { start: 1, most: 1 })

describe('the order (semantics §7, freshness)', () => {
  it('who came first is served first', async () => {
    const world = narrow()
    for (const what of ['a', 'b', 'c']) await world.ask(what)
    expect(world.sent).toEqual(['a'])
    await world.of('a').reply({})
    expect(world.sent).toEqual(['a', 'b'])
    await world.of('b').reply({})
    await world.of('c').reply({})
    expect(world.ended).toEqual(['a: 200 in 0 ms', 'b: 200 in 0 ms', 'c: 200 in 0 ms'])
  })

  it('a latency counts from the turn, not from the asking', async () => {
    const world = narrow()
    await world.ask('a')
    await world.ask('b')
    await world.clock.advance(300)
    await world.of('a').reply({})
    await world.clock.advance(40)
    await world.of('b').reply({})
    expect(world.ended).toEqual(['a: 200 in 300 ms', 'b: 200 in 40 ms'])
  })

  it('as many are under way as all users together may have', async () => {
    const world = new PoolWorld(3, { start: 2 })
    expect(world.pool.concurrency()).toBe(6)
    for (let n = 1; n <= 8; n += 1) await world.ask(`${n}`)
    expect(world.underWay.map(({ user }) => user).sort()).toEqual([1, 1, 2, 2, 3, 3].map((number) => `user ${number}`))
  })
})

describe('a user that is refused (Dataverse: limits are counted per user)', () => {
  it('waits alone: the others go on', async () => {
    const world = new PoolWorld(2, { start: 1, most: 1 })
    await world.ask('a')
    await world.ask('b')
    const { user } = world.of('a')
    await world.of('a').reply(throttled(20))
    await world.of('b').reply({})
    for (let n = 1; n <= 5; n += 1) {
      await world.ask(`${n}`)
      expect(world.of(`${n}`).user).not.toBe(user)
      await world.of(`${n}`).reply({})
    }
  })

  it('sends again after Retry-After and the slack, first one request, then all', async () => {
    const world = new PoolWorld(1, { start: 2 })
    await world.ask('a')
    await world.of('a').reply(throttled(20))
    for (const what of ['b', 'c', 'd']) await world.ask(what)
    await world.clock.advance(20_000 + SLACK_MS - 1)
    expect(world.sent).toEqual(['a'])
    await world.clock.advance(1)
    expect(world.sent).toEqual(['a', 'b'])
    await world.clock.advance(60_000)
    expect(world.sent).toEqual(['a', 'b'])
    await world.of('b').reply({})
    expect(world.sent).toEqual(['a', 'b', 'c', 'd'])
  })

  it('`sendBy` sends by that user, in its turn', async () => {
    const world = new PoolWorld(2, { start: 1, most: 1 })
    await world.ask('a', { by: 2 })
    await world.ask('b', { by: 2 })
    await world.ask('c')
    expect(world.underWay.map(({ user, what }) => `${what} ${user}`)).toEqual(['a user 2'])
    await world.of('a').reply({})
    expect(world.underWay.map(({ user, what }) => `${what} ${user}`)).toEqual(['b user 2', 'c user 1'])
  })
})

describe('what is told of waits', () => {
  it('who waits, how long and why, once', async () => {
    const world = narrow()
    await world.ask('a')
    await world.of('a').reply(throttled(14))
    for (const what of ['b', 'c', 'd']) await world.ask(what)
    await world.clock.advance(5_000)
    await world.ask('e')
    expect(world.waits).toEqual([{ what: 'user 1 paused', waitMs: 14_000 + SLACK_MS, why: 'execution time limit' }])
    expect(world.pool.figures().waitedMs).toEqual({ 'execution time limit': 14_000 + SLACK_MS })
  })

  it('nobody waits: nothing is told', async () => {
    const world = narrow()
    await world.ask('a')
    await world.of('a').reply(throttled(14))
    await world.clock.advance(60_000)
    await world.ask('b')
    expect(world.waits).toEqual([])
    expect(world.sent).toEqual(['a', 'b'])
  })

  it('a wait that grows is told anew, and counted once', async () => {
    const world = narrow()
    await world.ask('a')
    await world.of('a').reply(throttled(14, '0x80072322'))
    await world.ask('b')
    await world.clock.advance(14_000 + SLACK_MS)
    await world.of('b').reply(throttled(10, '0x80072322'))
    await world.ask('c')
    // A refused probe doubles what is waited beyond the wish.
    const second = 10_000 + 2 * SLACK_MS
    expect(world.waits.map(({ waitMs, why }) => [waitMs, why])).toEqual([
      [14_000 + SLACK_MS, 'request limit'],
      [second, 'request limit'],
    ])
    expect(world.pool.figures().waitedMs).toEqual({ 'request limit': 14_000 + SLACK_MS + second })
  })
})

describe('an end while waiting (semantics §8.2)', () => {
  it('the signal ends it with its reason, and those behind move up', async () => {
    const world = narrow()
    const stop = new AbortController()
    await world.ask('a')
    await world.ask('b', { signal: stop.signal })
    await world.ask('c')
    stop.abort(new Error('stopped'))
    await world.clock.advance(0)
    expect(world.ended).toEqual(['b: stopped'])
    await world.of('a').reply({})
    expect(world.sent).toEqual(['a', 'c'])
  })

  it('a first in line that leaves holds nobody up who could go', async () => {
    const world = new PoolWorld(2, { start: 1, most: 1 })
    const stop = new AbortController()
    await world.ask('a', { by: 1 })
    await world.ask('b', { by: 1, signal: stop.signal })
    await world.ask('c', { by: 2 })
    expect(world.sent).toEqual(['a'])
    stop.abort(new Error('stopped'))
    await world.clock.advance(0)
    expect(world.sent).toEqual(['a', 'c'])
  })

  it('everything that waits ends, and no timer is left', async () => {
    const world = narrow()
    const stop = new AbortController()
    await world.ask('a')
    await world.of('a').reply(throttled(500))
    for (const what of ['b', 'c']) await world.ask(what, { signal: stop.signal })
    expect(world.clock.sleepers()).toEqual([500_000 + SLACK_MS])
    stop.abort(new Error('stopped'))
    await world.clock.advance(0)
    expect(world.ended).toEqual(['a: 429 in 0 ms', 'b: stopped', 'c: stopped'])
    expect(world.clock.sleepers()).toEqual([])
  })

  it('a signal that has come already: nothing is sent', async () => {
    const world = narrow()
    await world.ask('a', { signal: AbortSignal.abort(new Error('stopped')) })
    expect(world.ended).toEqual(['a: stopped'])
    expect(world.sent).toEqual([])
  })
})

describe('attempts without a reply', () => {
  it('no answer closes the gate for a second, and a row of them for longer', async () => {
    const world = narrow()
    await world.ask('a')
    await world.of('a').fail(new NoAnswer('a', true))
    await world.ask('b')
    await world.clock.advance(999)
    expect(world.sent).toEqual(['a'])
    await world.clock.advance(1)
    await world.of('b').fail(new NoAnswer('b', false))
    await world.ask('c')
    await world.clock.advance(1_999)
    expect(world.sent).toEqual(['a', 'b'])
    await world.clock.advance(1)
    expect(world.sent).toEqual(['a', 'b', 'c'])
  })

  it('a gateway’s 503 closes it as long as it says; an SQL error is the server at work', async () => {
    const world = narrow()
    await world.ask('a')
    await world.of('a').reply({ status: 503, headers: { 'retry-after': '7' } })
    await world.ask('b')
    expect(world.waits).toEqual([{ what: 'user 1 paused', waitMs: 7_000 + SLACK_MS, why: 'unavailable' }])
    await world.clock.advance(7_000 + SLACK_MS)
    await world.of('b').reply({ status: 500, body: '{"error":{"code":"0x80044150","message":"Sql Number: 1205"}}' })
    await world.ask('c')
    expect(world.sent).toEqual(['a', 'b', 'c'])
  })

  it.each([
    ['came too late', new TooLate('probe')],
    ['was ended by the run', new Error('stopped')],
  ])('a probe that %s says nothing about the server: the next one goes', async (_, error) => {
    const world = narrow()
    await world.ask('a')
    await world.of('a').reply(throttled(5))
    await world.ask('probe')
    await world.ask('next')
    await world.clock.advance(5_000 + SLACK_MS)
    expect(world.sent).toEqual(['a', 'probe'])
    await world.of('probe').fail(error)
    expect(world.sent).toEqual(['a', 'probe', 'next'])
    await world.of('next').reply({})
    expect(world.ended.at(-1)).toBe('next: 200 in 0 ms')
  })
})

describe('figures', () => {
  it('tell requests, execution, throttles by limit, rows and writes', async () => {
    const world = new PoolWorld(1, { start: 9 })
    await world.ask('read')
    await world.ask('bulk', { writes: 100 })
    await world.ask('row', { writes: 1 })
    await world.clock.advance(2_000)
    await world.of('read').reply({})
    await world.of('bulk').reply({ status: 204 })
    await world.of('row').reply(throttled(1, '0x80072326'))
    await world.clock.advance(5_000)
    await world.ask('again', { writes: 1 })
    await world.of('again').reply(throttled(1, ''))
    expect(world.pool.figures()).toMatchObject({
      users: [{ name: 'user 1', requests: 4, executionSeconds: 4, throttles: { concurrency: 1, unnamed: 1 } }],
      rowsSent: 102,
      writeRequests: 3,
    })
  })

  it('each user has its own', async () => {
    const world = new PoolWorld(2, { start: 1, most: 1 })
    await world.ask('a', { by: 1 })
    await world.ask('b', { by: 2 })
    await world.of('b').reply(throttled(1, '0x80072322'))
    const { users } = world.pool.figures()
    expect(users.map(({ requests, throttles }) => [requests, throttles])).toEqual([
      [1, {}],
      [1, { requests: 1 }],
    ])
  })
})
