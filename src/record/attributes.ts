/** The attributes of a user: what may fill a contact column but is no consent (semantics §3, §4). */

import { formatInstant, type Instant } from '../consent/time.ts'
import { asObject, type UntrustedObject } from './json.ts'
import type { JsonValue, UserRecord } from './record.ts'

/** No column can hold a deeper value, and canonical JSON of a very deep one would overflow the stack. */
const DEEPEST = 32

/**
 * Reads `country` (text only), `metadata/<k>` for each top-level metadata key (`k` as it stands) and `updated_at`.
 * Null is no attribute; neither is a value nested deeper than 32 levels or a number JSON cannot write again (`1e999`).
 */
export function readAttributes(user: UntrustedObject, updatedAt: Instant | undefined): UserRecord['attributes'] {
  const attributes: [string, JsonValue][] = []
  const country = user['country']
  if (typeof country === 'string') attributes.push(['country', country])
  const metadata = asObject(user['metadata'])
  if (metadata !== undefined) {
    for (const [name, value] of Object.entries(metadata)) {
      if (value !== null && isStorable(value, DEEPEST)) attributes.push([`metadata/${name}`, value])
    }
  }
  if (updatedAt !== undefined) attributes.push(['updated_at', formatInstant(updatedAt)])
  return attributes
}

function isStorable(value: unknown, levels: number): value is JsonValue {
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || value === null) return true
  return levels > 0 && Object.values(value).every((member) => isStorable(member, levels - 1))
}
