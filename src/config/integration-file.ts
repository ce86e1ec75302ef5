/** An integration document named on the command line, beside those of the configuration. */

import { CodedError } from '../lib/errors.ts'
import { loadDocument } from './document-file.ts'
import { placesOf } from './place.ts'
import type { Surroundings } from './references.ts'
import { canonicalId } from './rules.ts'
import type { MappingEntry, Mode } from './settings.ts'

/** What such a document maps; credentials and policies are the configuration's. */
export interface IntegrationFile {
  readonly mode: Mode
  readonly entries: readonly MappingEntry[]
}

/**
 * Reads the document at a path; relative ones start from `cwd`.
 * @throws CodedError `document-invalid` with every problem. References to secrets may lead nowhere: no secret is used.
 */
export async function loadIntegrationFile(
  path: string,
  flag: string,
  surroundings: Surroundings & { readonly cwd: string },
): Promise<IntegrationFile> {
  const { cwd } = surroundings
  const { document, problems } = await loadDocument(
    { written: path, value: path, where: placesOf(flag) },
    surroundings,
    cwd,
  )
  const [first, ...others] = problems.flatMap(([code, complaint]) => (code === 'document-invalid' ? [complaint] : []))
  if (first !== undefined) throw new CodedError('document-invalid', [first, ...others])
  if (document === undefined) {
    const [found, expected, remedy] = [
      'no path',
      'the path of an integration document',
      'Name the document, or a target.',
    ]
    throw new CodedError('document-invalid', [{ where: flag, found, expected, remedy }])
  }
  const entries = document.entries.map((entry) => ({ ...entry, id: canonicalId(entry.id) }))
  return { mode: document.mode, entries }
}
