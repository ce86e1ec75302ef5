/** The cells of the virtual grid, and some beyond it. */

import { ceilingPerS } from './ceiling.mjs'
import { DOCUMENTED } from './server.mjs'

const COSTS_MS = [2, 5, 20, 60, 200]
const USERS = [1, 2, 4]
const SERVERS = [1, 4]
const BAD_SHARES = [0, 0.001, 0.01]

/** Above so many requests at work a queueing server takes longer in proportion. */
const SLOWS_ABOVE = 8

/** Four windows: the first is full of what is found out, and a livelock has three more to show itself. */
const WINDOWS = 4
/** A cell with bad rows that would write more than this in four windows runs for fewer: it is about rows, not windows. */
const MANY_ROWS = 3_000_000
const FEWER_WINDOWS = new Map([
  [0.001, 2],
  [0.01, 1],
])
const STEP_WINDOWS = 6
const STEP_S = 900

/**
 * @typedef {object} Cell
 * @property {string} name
 * @property {'grid' | 'further' | 'step'} part
 * @property {number} costMs of a row
 * @property {number} users
 * @property {number} servers
 * @property {number} bad share of rows that the server refuses
 * @property {boolean} silent whether requests queue instead of being refused
 * @property {Partial<import('./server.mjs').ServerSettings>} server
 * @property {number} windows
 * @property {number} seed
 * @property {number} others loops of another client on our first user
 * @property {{ atS: number, to: Partial<import('./server.mjs').ServerSettings> }} [step]
 * @property {number} [goal] least part of the ceiling
 */

/** @param {Partial<Cell> & { server?: Partial<import('./server.mjs').ServerSettings> }} wish @returns {Cell} */
function cell(wish) {
  const { costMs = 2, users = 1, servers = 1, bad = 0, silent = false, ...rest } = wish
  const queueing = silent ? { limits: false, slowsAbove: SLOWS_ABOVE } : {}
  const server = { servers, rowS: costMs / 1_000, ...queueing, ...wish.server }
  const rows = ceilingPerS({ ...DOCUMENTED, ...server }, users) * DOCUMENTED.windowS * WINDOWS
  const windows = (rows > MANY_ROWS ? FEWER_WINDOWS.get(bad) : undefined) ?? WINDOWS
  const name = `${costMs} ms, users ${users}, servers ${servers}, bad ${100 * bad} %${silent ? ', queueing' : ''}`
  const goal = bad === 0 ? (servers > 1 ? 0.93 : 0.95) : bad <= 0.001 ? 0.9 : undefined
  return {
    name,
    part: 'grid',
    windows,
    seed: 1,
    others: 0,
    ...(goal === undefined ? {} : { goal }),
    ...rest,
    ...{ costMs, users, servers, bad, silent, server },
  }
}

/** Every combination. */
export function grid() {
  return [false, true].flatMap((silent) =>
    COSTS_MS.flatMap((costMs) =>
      USERS.flatMap((users) =>
        SERVERS.flatMap((servers) => BAD_SHARES.map((bad) => cell({ costMs, users, servers, bad, silent }))),
      ),
    ),
  )
}

const HALF = { requests: DOCUMENTED.requests / 2, seconds: DOCUMENTED.seconds / 2 }
const WHOLE = { requests: DOCUMENTED.requests, seconds: DOCUMENTED.seconds }

/** @param {Partial<Cell>} wish @returns {Cell} */
const step = (wish) => {
  const { goal: _, ...rest } = cell({ ...wish, part: 'step', windows: STEP_WINDOWS })
  return rest
}

/** What a grid does not show: limits that are others', somebody else on the user, slow servers, steps. */
export function further() {
  const costs = [2, 20]
  return [
    ...costs.map((costMs) =>
      cell({ part: 'further', costMs, goal: 0.93, name: `halved limits, ${costMs} ms`, server: HALF }),
    ),
    ...costs.map((costMs) =>
      cell({ part: 'further', costMs, goal: 0.93, name: `another client on the user, ${costMs} ms`, others: 1 }),
    ),
    ...costs.map((costMs) =>
      cell({
        part: 'further',
        costMs,
        name: `slower above 8 at once, with limits, ${costMs} ms`,
        server: { slowsAbove: SLOWS_ABOVE },
      }),
    ),
    step({ name: 'rows become 2.5 times as dear, 2 ms', step: { atS: STEP_S, to: { rowS: 0.005 } } }),
    step({ name: 'rows become 2.5 times as dear, 20 ms', costMs: 20, step: { atS: STEP_S, to: { rowS: 0.05 } } }),
    step({ name: 'limits are halved, 2 ms', step: { atS: STEP_S, to: HALF } }),
    step({ name: 'limits are halved, 20 ms', costMs: 20, step: { atS: STEP_S, to: HALF } }),
    step({ name: 'limits are doubled, 2 ms', server: HALF, step: { atS: STEP_S, to: WHOLE } }),
    step({ name: 'limits are doubled, 20 ms', costMs: 20, server: HALF, step: { atS: STEP_S, to: WHOLE } }),
  ]
}

/** Cells with more rows than this take most of the time, and tell little that smaller ones do not. */
const SMALL_ROWS = 1_500_000

/** Whether a cell is measured unless all are asked for. @param {Cell} cell */
export function isSmall({ server, users, servers, windows }) {
  const rows = ceilingPerS({ ...DOCUMENTED, ...server }, users) * DOCUMENTED.windowS * windows
  return rows <= SMALL_ROWS || users * servers === 1
}

/** A subset that takes a minute. */
export function quick() {
  const small = grid().filter(({ costMs, users, servers }) => costMs >= 20 && users <= 2 && users * servers <= 4)
  return [...small, ...further().filter(({ costMs }) => costMs === 20)]
}
