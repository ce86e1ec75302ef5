/**
 * How tests run: child processes of Node, so that native modules and exit codes behave as in production; three at a time,
 * since many wait.
 */

import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/support/longest-first.ts'

/** What takes minutes has a script of its own: npm run test:kill, test:simulation, test:shipping. */
const suitesOfTheirOwn = [
  ...(process.env['KILLS'] === undefined ? ['test/integration/{kill,pods-sync,bench-deliver}.test.ts'] : []),
  ...(process.env['SIMULATION'] === undefined
    ? ['test/simulation/{nth-step,seeds}.test.ts', 'test/integration/migrate-resume.test.ts']
    : []),
  ...(process.env['SHIPPING'] === undefined ? ['test/shipping/**'] : []),
]

export default defineConfig({
  test: {
    environment: 'node',
    include: ['test/**/*.test.ts'],
    exclude: ['**/node_modules/**', ...suitesOfTheirOwn],
    globalSetup: ['src/assembly/compile.mjs'],
    pool: 'forks',
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    // Tests that start child processes give their own, longer limit.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    coverage: { provider: 'v8', include: ['src/**/*.ts'], reporter: ['text-summary', 'html'] },
  },
})
