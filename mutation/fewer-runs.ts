/** Fewer property-test runs per mutant: hundreds of mutants run each test, so each may be shorter. */

import fc from 'fast-check'

const RUNS_PER_MUTANT = 20

fc.configureGlobal({
  numRuns: Number(process.env['FAST_CHECK_RUNS'] ?? RUNS_PER_MUTANT),
  /** The same values for every mutant, or a survivor would be a matter of luck. */
  seed: 20_261_120,
})
