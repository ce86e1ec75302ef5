/**
 * `npm run simulate -- --seeds 10000` or `-- --seed 4711`: as many lives as wanted, on all cores; every breach with its seed.
 * `--sockets`: HTTP between the program and the emulator; then answers may come in another order when a seed is repeated.
 * `npm run simulate:reverse`: the same for lives of both directions.
 */

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '300' },
    seed: { type: 'string' },
    first: { type: 'string', default: '1' },
    sockets: { type: 'boolean', default: false },
    test: { type: 'string', default: 'test/simulation/seeds.test.ts' },
    // Seeds that one process lives: a breach is told when it ends.
    'at-once': { type: 'string', default: '250' },
  },
})
const first = Number(values.seed ?? values.first)
const seeds = values.seed === undefined ? Number(values.seeds) : 1
if (!Number.isSafeInteger(first) || !Number.isSafeInteger(seeds) || seeds < 1) {
  process.stderr.write('simulate: --seeds N [--first S], or --seed S; whole numbers\n')
  process.exit(2)
}

const AT_ONCE = Number(values['at-once'])

const end = first + seeds
let next = first
let lived = 0
let exitCode = 0
await Promise.all(
  Array.from({ length: Math.min(availableParallelism(), Math.ceil(seeds / 50)) }, async () => {
    while (next < end) {
      const from = next
      const count = Math.min(AT_ONCE, Math.max(1, Math.ceil(seeds / availableParallelism())), end - from)
      next += count
      // Only then: what another has found meanwhile must not be forgotten.
      const code = await live(from, count)
      exitCode = Math.max(exitCode, code)
      lived += count
      process.stderr.write(`${lived} of ${seeds} seeds lived, ${exitCode === 0 ? 'no breach' : 'BREACHES'}\n`)
    }
  }),
)
process.exitCode = exitCode

/** @param {number} from @param {number} count @returns {Promise<number>} */
function live(from, count) {
  // Stores that live for a second need no disk.
  const memory = existsSync('/dev/shm') ? { TMPDIR: '/dev/shm' } : {}
  const env = {
    ...process.env,
    ...memory,
    SIMULATION: '1',
    SIMULATION_SOCKETS: values.sockets ? '1' : '0',
    SIMULATION_FIRST: String(from),
    SIMULATION_SEEDS: String(count),
  }
  const child = spawn('npx', ['vitest', 'run', values.test], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let told = ''
  child.stdout.on('data', (chunk) => {
    told += chunk
  })
  return new Promise((resolve) => {
    child.once('close', (code) => {
      // What went well is a number; what went wrong is told whole.
      if (code !== 0) process.stdout.write(told)
      resolve(code ?? 1)
    })
  })
}
