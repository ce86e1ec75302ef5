/** What one would write first: messages of 1,000 rows by so many loops, each for itself. No engine, the same server. */

import { ceilingPerS } from './ceiling.mjs'
import { VirtualClock } from './clock.mjs'
import { DOCUMENTED, Server, seeded } from './server.mjs'

const ROWS = 1_000
/** There and back. */
const ROUND_TRIP_MS = 20
const FIRST_PAUSE_S = 1
const MOST_PAUSE_S = 64

/**
 * `own`: each request waits as long as its own answer says. `backing off`: twice as long each time, at random, whatever the
 * answer says.
 */
export const STRATEGIES = Object.freeze({
  sequential: { loops: 1, waits: 'own' },
  'fixed 10': { loops: 10, waits: 'own' },
  'fixed 52': { loops: 52, waits: 'backing off' },
})

/**
 * Part of the ceiling, and requests refused; without bad rows.
 *
 * @param {import('./cells.mjs').Cell} cell @param {keyof typeof STRATEGIES} strategy
 */
export async function naively(cell, strategy) {
  const { loops, waits } = STRATEGIES[strategy]
  const settings = { ...DOCUMENTED, ...cell.server }
  const untilS = cell.windows * settings.windowS
  const clock = new VirtualClock()
  const server = new Server(settings, cell.seed)
  const random = seeded(cell.seed + 2)
  let rows = 0
  let ended = false
  clock.at(untilS * 1_000, () => {
    ended = true
  })

  /** @param {string} user @param {() => void} then */
  const send = (user, then, failures = 0) => {
    const arrival = server.arrive(user, ROWS, clock.now() / 1_000)
    if (arrival.kind === 'refused') {
      const pauseS =
        waits === 'own' ? arrival.retryAfterS : random() * Math.min(MOST_PAUSE_S, FIRST_PAUSE_S * 2 ** (failures + 1))
      clock.at(clock.now() + pauseS * 1_000 + ROUND_TRIP_MS, () => send(user, then, failures + 1))
      return
    }
    clock.at(clock.now() + arrival.durationS * 1_000, () => {
      arrival.end(clock.now() / 1_000)
      then()
    })
  }
  /** @param {string} user */
  const next = (user) => {
    send(user, () => {
      if (clock.now() <= untilS * 1_000) rows += ROWS
      clock.at(clock.now() + ROUND_TRIP_MS, () => next(user))
    })
  }
  for (let user = 1; user <= cell.users; user += 1) {
    for (let loop = 0; loop < loops; loop += 1) next(`user ${user}`)
  }
  await clock.run(() => ended, untilS * 1_000)
  const { requests, refused } = server.counters
  return { ratio: rows / (ceilingPerS(settings, cell.users) * untilS), requests, refused }
}
