/** Finds a target's integration document, in the settings or in a file of its own, and reads it. */

import { resolve } from 'node:path'
import type { Complaint } from '../lib/errors.ts'
import { type IntegrationDocument, parseDocument } from './document.ts'
import { placesOf, type Where } from './place.ts'
import { expandReferences, type Surroundings } from './references.ts'
import { readDocumentText } from './repair.ts'
import { REFERENCE } from './schema-parts.ts'

/** What became of a target's `integration`. */
export interface LoadedDocument {
  readonly document?: IntegrationDocument
  /** Names places of the document. */
  readonly where: Where
  readonly repairs: readonly string[]
  /** Whether the document's secret stands in it, instead of a reference. */
  readonly inlineSecret: boolean
  readonly problems: ReadonlyArray<readonly [code: 'document-invalid' | 'secret-missing', complaint: Complaint]>
}

/** The `integration` of a target as written and as expanded. */
export interface IntegrationSource {
  readonly written: unknown
  readonly value: unknown
  readonly where: Where
}

/** Loads the document; whatever is wrong with it comes back as problems. Relative paths start from `folder`. */
export async function loadDocument(
  { written, value, where }: IntegrationSource,
  surroundings: Surroundings,
  folder: string,
): Promise<LoadedDocument> {
  // A missing or foreign `integration` is the schema's matter, an unresolved reference that of the references.
  const nothing = { where, repairs: [], inlineSecret: false, problems: [] }
  if (typeof value === 'string' && typeof written === 'string') {
    return value === '' || REFERENCE.test(value)
      ? nothing
      : await loadFile(value, { named: where, inside: placesOf(written) }, surroundings, folder)
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? { ...nothing, ...outcome(written, value, where) }
    : nothing
}

async function loadFile(
  path: string,
  { named, inside: where }: { readonly named: Where; readonly inside: Where },
  surroundings: Surroundings,
  folder: string,
): Promise<LoadedDocument> {
  const failed = (place: Where, complaint: Omit<Complaint, 'where'>): LoadedDocument => ({
    where,
    repairs: [],
    inlineSecret: false,
    problems: [['document-invalid', { where: place([]), ...complaint }]],
  })
  let text: string
  try {
    text = await surroundings.readFile(resolve(folder, path))
  } catch {
    // The path is not told: it may be a document, secret included, that somebody pasted as text.
    return failed(named, {
      found: 'no readable file at this path',
      expected: 'the integration document',
      remedy: "Correct the path; it starts from the settings file's folder.",
    })
  }
  const read = readDocumentText(text)
  if ('fault' in read) return failed(where, read.fault)
  const { value, complaints } = await expandReferences(read.value, surroundings, folder, where)
  const parsed = outcome(read.value, value, where)
  const missing = complaints.map((complaint) => ['secret-missing', complaint] as const)
  return { inlineSecret: false, ...parsed, where, repairs: read.repairs, problems: [...parsed.problems, ...missing] }
}

function outcome(written: unknown, value: unknown, where: Where) {
  const parsed = parseDocument(written, value, where)
  if ('document' in parsed) return { ...parsed, problems: [] }
  return { problems: parsed.complaints.map((complaint) => ['document-invalid', complaint] as const) }
}
