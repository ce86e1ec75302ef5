/** Words for what was said and when: the same in a plan and in an explanation. */

import { CONSENT_VALUES } from '../projection/slot.ts'
import type { JsonValue } from '../record/record.ts'

const CONSENTS = new Map<JsonValue, string>([
  [null, 'nothing'],
  [CONSENT_VALUES.optedIn, 'opted in'],
  [CONSENT_VALUES.optedOut, 'opted out'],
])

/** What a consent row holds; `undefined` for a value that is none of them. */
export const consentWord = (value: JsonValue): string | undefined => CONSENTS.get(value)

/** A span of formatted instants, of which `-` is since ever. */
export function spanText(lo: string, hi: string): string {
  if (lo === hi) return `at ${lo}`
  return lo === '-' ? `by ${hi}` : `from ${lo} to ${hi}`
}
