/** A process that measures virtual cells, one after the other, as they are sent to it. */

import { openerIn } from './engine.mjs'
import { naively, STRATEGIES } from './naive.mjs'
import { DOCUMENTED } from './server.mjs'
import { leastSeconds } from './splitting.mjs'
import { measured } from './virtual.mjs'

const openDataverse = await openerIn(process.argv[2] ?? '')

process.on('message', async (/** @type {import('./cells.mjs').Cell} */ cell) => {
  const engine = await measured(cell, openDataverse)
  /** @type {Record<string, unknown>} */
  const naive = {}
  // Once for a cell: they are no better with another seed.
  if (cell.seed === 1 && cell.step === undefined && cell.others === 0 && cell.bad === 0) {
    for (const strategy of /** @type {(keyof typeof STRATEGIES)[]} */ (Object.keys(STRATEGIES))) {
      naive[strategy] = await naively(cell, strategy)
    }
  }
  const least = leastSeconds({ ...DOCUMENTED, ...cell.server }, cell.bad)
  process.send?.({ cell, engine, naive, least })
})
