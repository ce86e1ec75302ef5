/** The vendor's integration document, of whichever form, as one thing (semantics §4). */

import type { Complaint } from '../lib/errors.ts'
import { CONSENT_TYPE, CONTACT_TYPE, claimedForm, type ParsedEntry } from './document-schema.ts'
import { issueComplaints, kindOf } from './issues.ts'
import type { Path, Where } from './place.ts'
import { present } from './present.ts'
import { REFERENCE } from './schema-parts.ts'
import type { MappingEntry, Mode } from './settings.ts'

/** What the three forms say alike. Credentials may be incomplete: the settings complete them. */
export interface IntegrationDocument {
  readonly mode: Mode
  readonly upsert: boolean
  readonly entries: readonly MappingEntry[]
  readonly credentials: DocumentCredentials
  /** Where credentials and entries stand in the document. */
  readonly credentialsPath: Path
  readonly entriesPath: Path
}

/** The document's credentials, still plain text: `build.ts` wraps the secret. */
export interface DocumentCredentials {
  readonly client_id?: string | undefined
  readonly client_secret?: string | undefined
  readonly tenant_id?: string | undefined
  readonly instance?: string | undefined
}

/** A document, or every reason why it is none. */
export type ParsedDocument =
  | { readonly document: IntegrationDocument; readonly inlineSecret: boolean }
  | { readonly complaints: readonly Complaint[] }

/**
 * Parses a document as written and as expanded: the written one must satisfy what an editor checks, the expanded one
 * is what counts.
 */
export function parseDocument(written: unknown, expanded: unknown, where: Where): ParsedDocument {
  const before = parseForm(written, where)
  const after = parseForm(expanded, where)
  if ('document' in before && 'document' in after) {
    const { client_secret: secret } = before.document.credentials
    return { document: after.document, inlineSecret: secret !== undefined && !REFERENCE.test(secret) }
  }
  return { complaints: 'complaints' in before ? before.complaints : 'complaints' in after ? after.complaints : [] }
}

type ParsedForm = { readonly document: IntegrationDocument } | { readonly complaints: readonly Complaint[] }

function parseForm(value: unknown, where: Where): ParsedForm {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return {
      complaints: [
        { where: where([]), found: kindOf(value), expected: 'an object', remedy: 'Give the integration document.' },
      ],
    }
  }
  const form = claimedForm(value)
  if (form === undefined) {
    return {
      complaints: [
        {
          where: where([]),
          found: 'a document of no known form',
          expected: `type or type_id ${CONTACT_TYPE} or ${CONSENT_TYPE}, or the older form with config.properties`,
          remedy: 'Use the document that the Didomi integration was made with.',
        },
      ],
    }
  }
  const { mode } = form
  if (form.older) {
    const parsed = form.schema.safeParse(value)
    if (!parsed.success) return { complaints: issueComplaints(parsed.error.issues, value, where) }
    const { config, upsert_mode: upsert } = parsed.data
    const paths = { credentialsPath: ['config'], entriesPath: ['config', 'properties'] }
    return { document: { mode, upsert, entries: config.properties.map(entryOf), credentials: config, ...paths } }
  }
  const parsed = form.schema.safeParse(value)
  if (!parsed.success) return { complaints: issueComplaints(parsed.error.issues, value, where) }
  const { authentication, mappings, upsert_mode: upsert } = parsed.data
  const paths = { credentialsPath: ['authentication'], entriesPath: ['mappings'] }
  return { document: { mode, upsert, entries: mappings.map(entryOf), credentials: authentication, ...paths } }
}

/** Keeps what we know of an entry; the vendor's own extra keys are dropped. */
function entryOf(entry: ParsedEntry): MappingEntry {
  const { id, channel, invert, trueValue, falseValue, options, li, allowTracking } = entry
  const value = typeof entry.value === 'string' ? entry.value : present(entry.value)
  return present({ id, value, channel, invert, trueValue, falseValue, options, li, allowTracking })
}
