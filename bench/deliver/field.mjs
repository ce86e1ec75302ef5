/** Virtual cells side by side in processes of their own, as many as there are cores. */

import { fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { ceilingPerS } from './ceiling.mjs'
import { isSmall } from './cells.mjs'
import { ofAll } from './seeds.mjs'
import { DOCUMENTED } from './server.mjs'

/** Rows are short-lived but many: with a small nursery most of the time would go into copying them. */
const NODE_FLAGS = ['--max-semi-space-size=32']

/**
 * @param {readonly import('./cells.mjs').Cell[]} cells
 * @param {{ dist: string, seeds: number, say: (text: string) => void, signal: AbortSignal }} options runs of each cell but the large
 * @returns {Promise<any[]>} in the order of the cells
 */
export async function measureAll(cells, { dist, seeds, say, signal }) {
  const runs = cells.map((cell) =>
    Array.from({ length: isSmall(cell) ? seeds : 1 }, (_, at) => ({ ...cell, seed: cell.seed + at })),
  )
  const all = runs.flat()
  // The longest first, or one core would be idle at the end.
  const open = [...all].sort((one, other) => weight(other) - weight(one))
  /** @type {Map<import('./cells.mjs').Cell, any>} */
  const results = new Map()
  const lane = async () => {
    const child = fork(fileURLToPath(new URL('work.mjs', import.meta.url)), [dist], { execArgv: NODE_FLAGS, signal })
    try {
      for (let cell = open.shift(); cell !== undefined; cell = open.shift()) {
        const result = await answerOf(child, cell)
        results.set(cell, result)
        say(
          `${results.size} of ${all.length}: ${cell.name}: ${result.engine.ratio.toFixed(3)} (${result.engine.realS.toFixed(1)} s)`,
        )
      }
    } finally {
      child.removeAllListeners()
      child.kill()
    }
  }
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), all.length) }, lane))
  return runs.map((ofCell) => ofAll(ofCell.map((cell) => results.get(cell))))
}

/** @param {import('./cells.mjs').Cell} cell */
function weight({ server, users, windows, bad }) {
  return ceilingPerS({ ...DOCUMENTED, ...server }, users) * windows * (1 + 500 * bad)
}

/** @param {import('node:child_process').ChildProcess} child @param {import('./cells.mjs').Cell} cell @returns {Promise<any>} */
function answerOf(child, cell) {
  return new Promise((resolve, reject) => {
    child.removeAllListeners()
    child.once('message', resolve)
    child.once('error', reject)
    child.once('exit', (code, by) => reject(new Error(`${cell.name}: the process ended with ${by ?? code}`)))
    child.send(cell)
  })
}
