/** The schema of the Didomi integration documents, which are the vendor's: unknown keys of theirs are tolerated (semantics §4). */

import * as z from 'zod'
import { INSTANCE_EXPECTED } from './instance.ts'
import { column, entryOptions, filledIn, flag, formed, GUID_SOURCE, list, reference, text } from './schema-parts.ts'
import { SECURE_URL_FORM } from './secure-url.ts'

/** The two type ids a document may name. */
export const CONTACT_TYPE = 'microsoft-dynamics'
export const CONSENT_TYPE = 'microsoft-dynamics-cpc'

const consentId = formed(new RegExp(`^(purpose|topic):${GUID_SOURCE}$`), 'purpose:<guid> or topic:<guid>')

const VALUE_EXPECTED = 'a reference such as consents_purposes_newsletter_enabled, or {purpose, preference, value}'

function entry<Id extends z.ZodType>(id: Id) {
  return z.looseObject({
    id,
    value: z.union([filledIn, reference], { error: VALUE_EXPECTED }),
    ...entryOptions,
  })
}

/** A mapping entry as parsed, the vendor's extra keys among its keys. */
export type ParsedEntry = z.output<ReturnType<typeof entry<z.ZodString>>>

function entries<Id extends z.ZodType>(id: Id) {
  return list(entry(id), 'mapping entries {id, value}').min(1, { error: 'at least one mapping entry' })
}

// All optional: the settings' own `authentication` may complete them. The program checks what is missing in both.
const credentials = {
  client_id: filledIn.optional(),
  client_secret: text.optional(),
  tenant_id: filledIn.optional(),
  instance: formed(SECURE_URL_FORM, INSTANCE_EXPECTED).optional(),
}

const upsertMode = flag.default(false)

function typed<Type extends string, Id extends z.ZodType>(type: Type, id: Id) {
  const body = {
    authentication: z.looseObject(credentials, { error: 'an object' }).prefault({}),
    mappings: entries(id),
    upsert_mode: upsertMode,
  }
  return [
    z.looseObject({ ...body, type_id: z.literal(type) }),
    z.looseObject({ ...body, type: z.literal(type), type_id: z.never().optional() }),
  ] as const
}

/** `microsoft-dynamics`, named by `type_id` or by `type`. */
const contactForms = typed(CONTACT_TYPE, column)
/** `microsoft-dynamics-cpc`, named by `type_id` or by `type`. */
const consentForms = typed(CONSENT_TYPE, consentId)
/** The older form: whatever it is called, it always means contact columns. */
const olderForm = z.looseObject({
  type: z.literal(CONTACT_TYPE).optional(),
  type_id: z.literal(CONTACT_TYPE).optional(),
  mappings: z.never().optional(),
  upsert_mode: upsertMode,
  config: z.looseObject({ ...credentials, properties: entries(column) }, { error: 'an object' }),
})

/** Every accepted form, for the settings' schema and for editors. */
export const documentSchema = z.union([...contactForms, ...consentForms, olderForm], {
  error: `an integration document (type ${CONTACT_TYPE} or ${CONSENT_TYPE}, or the older form with config.properties)`,
})

interface ClaimingDocument {
  readonly type?: unknown
  readonly type_id?: unknown
  readonly config?: unknown
  readonly mappings?: unknown
}

/** The form a document claims to be, and the schema to hold it to; `undefined` where it claims none. */
export function claimedForm(document: ClaimingDocument) {
  const { type, type_id: typeId, config, mappings } = document
  const kind = typeId ?? type
  if (config !== undefined && mappings === undefined && (kind === undefined || kind === CONTACT_TYPE)) {
    return { mode: 'contact', older: true, schema: olderForm } as const
  }
  const named = typeId === undefined ? 1 : 0
  if (kind === CONTACT_TYPE) return { mode: 'contact', older: false, schema: contactForms[named] } as const
  if (kind === CONSENT_TYPE) return { mode: 'consent', older: false, schema: consentForms[named] } as const
  return undefined
}
