/** Which tests judge the mutants of the pure core: its own, and no other. */

import { defineConfig } from 'vitest/config'

const EXAMPLES = 'test/unit/{consent,mapping,projection}*.test.ts'
const PROPERTIES = 'test/property/{consent,mapping,guard,projection}*.test.ts'
const onlyExamples = process.env['MUTATION_STAGE'] === 'examples'

export default defineConfig({
  test: {
    environment: 'node',
    include: onlyExamples ? [EXAMPLES] : [EXAMPLES, PROPERTIES],
    setupFiles: onlyExamples ? [] : ['mutation/fewer-runs.ts'],
    /** The core keeps nothing between tests, and loading every library anew for every file would take most of the time. */
    isolate: false,
  },
})
