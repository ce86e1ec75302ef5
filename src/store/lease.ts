/** The lease: one run at a time holds the store, and the hold dies with its process, however it dies. */

import { CodedError } from '../lib/errors.ts'
import { createPrivately } from './private-file.ts'
import { isBusy, openSqliteDatabase } from './sqlite-database.ts'

export interface Lease {
  release(): void
}

/**
 * Takes the lease of the store at `path` or throws `lease-held` at once (exit 7), `store-unusable` where it cannot be
 * tried.
 *
 * It is a lock of the operating system on a small file of its own, held by an open exclusive transaction: a killed
 * process leaves nothing to clean up, where a lock file with a process id would outlive it. The store's own file
 * would not do, because its transactions must end.
 */
export function takeLease(path: string): Lease {
  const file = `${path}.lease`
  createPrivately(file)
  const database = openSqliteDatabase(file)
  try {
    database.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    throw isBusy(error) ? held(file) : error
  }
  return {
    release() {
      // The rollback frees the lock; closing alone waits for the driver's garbage collection.
      database.exec('ROLLBACK')
      database.close()
    },
  }
}

function held(file: string): CodedError {
  return new CodedError('lease-held', [
    {
      where: `lease ${file}`,
      found: 'another run that holds it',
      expected: 'one run at a time',
      remedy: 'Wait until that run has ended, or look for a stuck process; the lease ends with it.',
    },
  ])
}
