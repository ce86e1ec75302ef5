/** A person's key as every store keeps it: 16 bytes, so that keys sort as their hex texts do. */

import { defect } from '../lib/errors.ts'
import type { PersonId } from './store.ts'

/** The 16 bytes of a person id; throws `defect` for any other text. */
export function personBytes(person: PersonId): Uint8Array {
  if (!/^[0-9a-f]{32}$/.test(person)) defect('store person', 'a person id that is not 32 hex digits in lower case')
  return Buffer.from(person, 'hex')
}

/** The person id of 16 bytes. */
export function personOf(bytes: Uint8Array): PersonId {
  return Buffer.from(bytes).toString('hex')
}
