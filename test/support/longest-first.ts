/** The order in which test files run: those that take minutes first, so that none of them is what all the others are waited for at the end. */

import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Longest first. Whatever is not named comes after them, in the order that vitest itself would choose. */
export const LONGEST = [
  'docs',
  'canary',
  'plan-postgres',
  'cli',
  'sync-buckets',
  'signals',
  'resume-rerun',
  'store-postgres-sync',
  'store-backup',
  'resume-foreign',
  'bootstrap-cli',
  'runs',
  'resume-lease',
].map((name) => `/test/integration/${name}.test.ts`)

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const index = LONGEST.findIndex((path) => moduleId.endsWith(path))
      return index < 0 ? LONGEST.length : index
    }
    // Stable: what is equal stays as it was.
    return (await super.sort(files)).sort((a, b) => place(a) - place(b))
  }
}
