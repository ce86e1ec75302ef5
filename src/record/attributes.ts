/** The attributes of a user: what may fill a contact column but is no consent (semantics §3, §4). */

import { asObject } from './json.ts'
import type { Attributes, JsonValue } from './record.ts'

/** No column can hold a deeper value, and canonical JSON of a very deep one would overflow the stack. */
const DEEPEST = 32

/**
 * Reads `country` (text only) and `metadata/<k>` for each top-level metadata key (`k` as it stands). Null is no
 * attribute; neither is a value nested deeper than 32 levels or a number JSON cannot write again (`1e999`).
 */
export function readAttributes(country: unknown, metadata: unknown): Attributes {
  const attributes: [string, JsonValue][] = []
  if (typeof country === 'string') attributes.push(['country', country])
  const object = asObject(metadata)
  if (object !== undefined) {
    for (const [name, value] of Object.entries(object)) {
      if (value !== null && isStorable(value)) attributes.push([`metadata/${name}`, value])
    }
  }
  return attributes
}

/** Can a parsed JSON value be an attribute? */
export function isStorable(value: unknown, levels = DEEPEST): value is JsonValue {
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || value === null) return true
  return levels > 0 && Object.values(value).every((member) => isStorable(member, levels - 1))
}
