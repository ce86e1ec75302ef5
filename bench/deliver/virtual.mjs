/** One cell of the grid: the real engine and the naive strategies, one after the other, on servers of their own. */

import { performance } from 'node:perf_hooks'
import { Books } from './books.mjs'
import { ceilingPerS } from './ceiling.mjs'
import { VirtualClock } from './clock.mjs'
import { deliver, openEngine } from './engine.mjs'
import { DOCUMENTED, Server, seeded } from './server.mjs'

/** Windows after the measurement within which the last rows must be settled. */
const DRAIN_WINDOWS = 40
const SLOT_S = 5

/**
 * @param {import('./cells.mjs').Cell} cell
 * @param {(options: any) => any} openDataverse
 */
export async function measured(cell, openDataverse) {
  const settings = { ...DOCUMENTED, ...cell.server }
  const untilS = cell.windows * settings.windowS
  const clock = new VirtualClock()
  const server = new Server(settings, cell.seed)
  const books = new Books({ badShare: cell.bad, seed: cell.seed, untilS, slotS: SLOT_S })
  const dataverse = openEngine(openDataverse, { clock, server, books, users: cell.users, seed: cell.seed })
  const others = cell.others === 0 ? undefined : otherClient(clock, server, cell, untilS)
  const step = cell.step === undefined ? undefined : stepped(clock, server, cell)

  const before = process.cpuUsage()
  const startedAt = performance.now()
  let outcomes
  const work = deliver(dataverse, { clock, untilMs: untilS * 1_000 }).then((all) => {
    outcomes = all
  })
  await Promise.race([
    work,
    clock.run(() => outcomes !== undefined, (cell.windows + DRAIN_WINDOWS) * settings.windowS * 1_000),
  ])
  await work
  const { user, system } = process.cpuUsage(before)
  await dataverse.close()
  const perS = ceilingPerS(settings, cell.users)
  const ceilingRows = perS * untilS - (others?.rows ?? 0)
  return {
    ratio: books.counted / ceilingRows,
    rows: books.counted,
    ceilingRows,
    outcomes,
    fates: books.fates(outcomes.offered),
    server: ofEngine(server.counters, others),
    figures: dataverse.figures(),
    secondsPerRow: server.counters.executedS / outcomes.offered,
    ...(step === undefined ? {} : { recovery: recovery(books.slots, step, ceilingPerS(server.settings, cell.users)) }),
    cpuMs: (user + system) / 1_000,
    realS: (performance.now() - startedAt) / 1_000,
  }
}

/** Somebody else on our first user: messages of 1,000 rows, one after the other, each waiting for itself. */
function otherClient(clock, server, { others, seed }, untilS) {
  const random = seeded(seed + 1)
  const counted = { rows: 0, requests: 0, refused: 0 }
  const loop = () => {
    counted.requests += 1
    const arrival = server.arrive('user 1', 1_000, clock.now() / 1_000)
    if (arrival.kind === 'refused') {
      counted.refused += 1
      clock.at(clock.now() + (arrival.retryAfterS + 1 + 2 * random()) * 1_000, loop)
      return
    }
    clock.at(clock.now() + arrival.durationS * 1_000, () => {
      arrival.end(clock.now() / 1_000)
      if (clock.now() / 1_000 > untilS) return
      counted.rows += 1_000
      loop()
    })
  }
  for (let at = 0; at < others; at += 1) loop()
  return counted
}

/** What the server counted, without the requests of another client. */
function ofEngine(counters, others = { requests: 0, refused: 0 }) {
  const { requests, refused } = counters
  return { ...counters, requests: requests - others.requests, refused: refused - others.refused }
}

/** Changes the server in the middle, and notes from when on it could let anything in again. */
function stepped(clock, server, { step: { atS, to } }) {
  const moments = { atS, openS: atS }
  clock.at(atS * 1_000, () => {
    Object.assign(server.settings, to)
    moments.openS = atS + server.fullForS(atS)
  })
  return moments
}

/** Seconds over which a rate is taken. */
const RATE_S = 30
/** Close enough to what is possible. */
const CLOSE = 0.9

/**
 * How long it took, from the moment at which anything could be let in, until the rate of half a minute was within a tenth of the
 * new ceiling (to the end of that half minute), and the rate from then on.
 *
 * @param {readonly (number | undefined)[]} slots @param {{ atS: number, openS: number }} moments @param {number} perS
 */
function recovery(slots, { atS, openS }, perS) {
  const wide = RATE_S / SLOT_S
  const rowsFrom = (/** @type {number} */ first, /** @type {number} */ end) => {
    let rows = 0
    for (let slot = first; slot < end; slot += 1) rows += slots[slot] ?? 0
    return rows
  }
  for (let first = Math.ceil(openS / SLOT_S); first + wide <= slots.length; first += 1) {
    if (rowsFrom(first, first + wide) < CLOSE * perS * RATE_S) continue
    const rest = rowsFrom(first, slots.length) / ((slots.length - first) * SLOT_S * perS)
    return { closedForS: openS - atS, tookS: (first + wide) * SLOT_S - openS, rest }
  }
  return { closedForS: openS - atS, tookS: Number.POSITIVE_INFINITY, rest: 0 }
}
