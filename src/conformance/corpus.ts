/** All cases, topic by topic. */
import type { ConformanceCase } from './case.ts'
import { AUTHENTICATION_CASES } from './cases/authentication.ts'
import { BATCH_CASES } from './cases/batches.ts'
import { BULK_CASES } from './cases/bulk.ts'
import { BULK_MESSAGE_CASES } from './cases/bulk-messages.ts'
import { CHANGE_SET_CASES } from './cases/change-sets.ts'
import { COLUMN_METADATA_CASES } from './cases/column-metadata.ts'
import { CONDITIONAL_CASES } from './cases/conditional.ts'
import { CONSENT_CASES } from './cases/consents.ts'
import { CREATE_CASES } from './cases/creates.ts'
import { DUPLICATE_CASES } from './cases/duplicates.ts'
import { FILTER_CASES } from './cases/filters.ts'
import { FUNCTION_CASES } from './cases/functions.ts'
import { HEADER_CASES } from './cases/headers.ts'
import { KEY_CASES } from './cases/keys.ts'
import { LOOKUP_CASES } from './cases/lookups.ts'
import { METADATA_CASES } from './cases/metadata.ts'
import { PATCH_CASES } from './cases/patch.ts'
import { PRIVILEGE_CASES } from './cases/privileges.ts'
import { READING_CASES } from './cases/reading.ts'
import { SET_CASES } from './cases/sets.ts'
import { SPECIAL_KEY_CASES } from './cases/special-keys.ts'
import { TRACKING_CASES } from './cases/tracking.ts'
import { VALUE_CASES } from './cases/values.ts'

/** The corpus in the order it is run. */
export const CORPUS: readonly ConformanceCase[] = [
  ...AUTHENTICATION_CASES,
  ...HEADER_CASES,
  ...READING_CASES,
  ...SPECIAL_KEY_CASES,
  ...FILTER_CASES,
  ...SET_CASES,
  ...CREATE_CASES,
  ...PATCH_CASES,
  ...CONDITIONAL_CASES,
  ...KEY_CASES,
  ...LOOKUP_CASES,
  ...VALUE_CASES,
  ...CONSENT_CASES,
  ...BULK_CASES,
  ...BULK_MESSAGE_CASES,
  ...DUPLICATE_CASES,
  ...BATCH_CASES,
  ...CHANGE_SET_CASES,
  ...TRACKING_CASES,
  ...METADATA_CASES,
  ...COLUMN_METADATA_CASES,
  ...FUNCTION_CASES,
  ...PRIVILEGE_CASES,
]
