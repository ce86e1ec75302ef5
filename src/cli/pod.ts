/** Whether this process is one of the pods of a job: by flag, or by what Kubernetes tells its containers. */

import { hostname } from 'node:os'
import { join } from 'node:path'
import { CodedError } from '../lib/errors.ts'
import type { Pod } from '../wire.ts'
import { ownFolder } from './own-folder.ts'

/** A name of ours, of Kubernetes, or both: `name`, `name.uid`. */
const JOB_FORM = /^[\w.:/-]{1,200}$/

/**
 * The pod that this process is; `undefined` where it is alone. The job comes from `--job` or `DIDOMI_DATAVERSE_JOB`; the
 * index from `JOB_COMPLETION_INDEX` (Kubernetes: Indexed Job), 0 where there is none.
 * @throws CodedError `usage`
 */
export function podOf(job: string | undefined, env: Readonly<Record<string, string | undefined>>): Pod | undefined {
  const name = job ?? env['DIDOMI_DATAVERSE_JOB']
  if (name === undefined || (job === undefined && name === '')) return undefined
  if (!JOB_FORM.test(name)) {
    throw unusable('--job or DIDOMI_DATAVERSE_JOB', 'a name that is none', 'at most 200 letters, digits and . _ : / -')
  }
  const index = env['JOB_COMPLETION_INDEX'] ?? '0'
  if (!/^\d{1,6}$/.test(index)) throw unusable('JOB_COMPLETION_INDEX', 'no whole number', 'the number of the pod')
  return { job: name, index: Number(index) }
}

/** The error of a job on a store that cannot be shared. */
export function notShared(): CodedError {
  return unusable('--job', 'a store in a file, which one process has alone', 'a store in PostgreSQL (store.postgres)')
}

function unusable(where: string, found: string, expected: string): CodedError {
  const remedy = 'See "Many pods" in the manual of operations.'
  return new CodedError('usage', [{ where, found, expected, remedy }])
}

/** A folder of this process for records on their way: processes of one machine may have one configuration. */
export const ownSpillFolder = (folder: string): Promise<string> => ownFolder(join(folder, `${hostname()}-`))
