/** Virtual cells side by side in processes of their own, as many as there are cores. */

import { fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { ceilingPerS } from './ceiling.mjs'
import { DOCUMENTED } from './server.mjs'

/** Rows are short-lived but many: with a small nursery most of the time would go into copying them. */
const NODE_FLAGS = ['--max-semi-space-size=32']

/**
 * @param {readonly import('./cells.mjs').Cell[]} cells
 * @param {{ dist: string, say: (text: string) => void, signal: AbortSignal }} options
 * @returns {Promise<any[]>} in the order of the cells
 */
export async function measureAll(cells, { dist, say, signal }) {
  // The longest first, or one core would be idle at the end.
  const open = [...cells].sort((one, other) => weight(other) - weight(one))
  /** @type {Map<import('./cells.mjs').Cell, any>} */
  const results = new Map()
  const lane = async () => {
    const child = fork(fileURLToPath(new URL('work.mjs', import.meta.url)), [dist], { execArgv: NODE_FLAGS, signal })
    try {
      for (let cell = open.shift(); cell !== undefined; cell = open.shift()) {
        const result = await answerOf(child, cell)
        results.set(cell, result)
        say(
          `${results.size} of ${cells.length}: ${cell.name}: ${result.engine.ratio.toFixed(3)} (${result.engine.realS.toFixed(1)} s)`,
        )
      }
    } finally {
      child.removeAllListeners()
      child.kill()
    }
  }
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), cells.length) }, lane))
  return cells.map((cell) => results.get(cell))
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
