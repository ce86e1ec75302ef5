/** Which mutants, judged how. `MUTATION_STAGE=examples` leaves the property tests out: see README.md. */

const examples = process.env.MUTATION_STAGE === 'examples'

export default {
  mutate: ['src/consent/**/*.ts', 'src/mapping/**/*.ts', 'src/projection/**/*.ts'],
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'mutation/vitest.config.ts', related: false },
  coverageAnalysis: 'perTest',
  concurrency: 2,
  /** Generous: on a busy machine a slow mutant must not count as one that never ends. */
  timeoutMS: 20_000,
  /** TypeScript 7 has no programming interface with which Stryker could rewrite tsconfig.json, so the sandbox has none. */
  ignorePatterns: ['/**', '!/src/**', '!/test/**', '!/mutation/*.ts', '!/package.json'],
  tempDirName: 'mutation/.stryker-tmp',
  incremental: true,
  incrementalFile: 'mutation/reports/incremental.json',
  reporters: examples ? ['dots', 'json'] : ['clear-text', 'html', 'json', 'dots'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  htmlReporter: { fileName: 'mutation/reports/mutation.html' },
  jsonReporter: { fileName: examples ? 'mutation/reports/examples.json' : 'mutation/reports/mutation.json' },
  thresholds: { high: 90, low: 85, break: examples ? null : 85 },
  allowConsoleColors: false,
}
