/** `npm run simulate -- --seeds 10000` or `-- --seed 4711`: as many lives as wanted, on all cores; every breach with its seed. */

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '300' },
    seed: { type: 'string' },
    first: { type: 'string', default: '1' },
  },
})
const first = Number(values.seed ?? values.first)
const seeds = values.seed === undefined ? Number(values.seeds) : 1
if (!Number.isSafeInteger(first) || !Number.isSafeInteger(seeds) || seeds < 1) {
  process.stderr.write('simulate: --seeds N [--first S], or --seed S; whole numbers\n')
  process.exit(2)
}

const shares = Math.min(seeds, availableParallelism())
const share = Math.ceil(seeds / shares)
const exits = await Promise.all(
  Array.from({ length: shares }, (_, index) => {
    const from = first + index * share
    return live(from, Math.min(share, first + seeds - from))
  }),
)
process.exitCode = Math.max(...exits)

/** @param {number} from @param {number} count @returns {Promise<number>} */
function live(from, count) {
  if (count < 1) return Promise.resolve(0)
  // Stores that live for a second need no disk.
  const memory = existsSync('/dev/shm') ? { TMPDIR: '/dev/shm' } : {}
  const env = {
    ...process.env,
    ...memory,
    SIMULATION: '1',
    SIMULATION_FIRST: String(from),
    SIMULATION_SEEDS: String(count),
  }
  const child = spawn('npx', ['vitest', 'run', 'test/simulation/seeds.test.ts'], { env, stdio: 'inherit' })
  return new Promise((resolve) => child.once('close', (code) => resolve(code ?? 1)))
}
