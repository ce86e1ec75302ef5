/** How tests run: child processes of Node, two at a time, so that native modules and exit codes behave as in production. */

import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    environment: 'node',
    include: ['test/**/*.test.ts'],
    // Two hundred kills take minutes: a suite of its own, npm run test:kill.
    exclude:
      process.env['KILLS'] === undefined
        ? ['test/integration/kill.test.ts', '**/node_modules/**']
        : ['**/node_modules/**'],
    pool: 'forks',
    maxWorkers: 2,
    // Tests that start child processes give their own, longer limit.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    coverage: { provider: 'v8', include: ['src/**/*.ts'], reporter: ['text-summary', 'html'] },
  },
})
