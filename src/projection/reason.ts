/** The text we leave on a consent row: marker, span, event, run (semantics §6.5), readable again (semantics §7). */

import { formatInstant, parseFormattedInstant, type Span } from '../consent/time.ts'

/** Marks what we wrote, in reason text, delegate id and event metadata. */
export const MARKER = 'didomi-dataverse'

/** Characters that `msdynmkt_reason` holds at most. */
const LONGEST_REASON = 500

/** Writes the reason of a row. An event id that would not fit, or could be read as another field, is left out. */
export function reasonText(span: Span, event: string | undefined, run: string): string {
  const id = event !== undefined && /^[\x21-\x7e]{1,200}$/.test(event) ? event : '-'
  return `${MARKER} lo=${formatInstant(span.lo)} hi=${formatInstant(span.hi)} event=${id} run=${run}`.slice(
    0,
    LONGEST_REASON,
  )
}

/** Reads the span of a reason that we wrote; `undefined` for any other text. */
export function parseReason(text: string): Span | undefined {
  const [marker, loField = '', hiField = ''] = text.split(' ')
  if (marker !== MARKER || !loField.startsWith('lo=') || !hiField.startsWith('hi=')) return undefined
  const lo = parseFormattedInstant(loField.slice('lo='.length))
  const hi = parseFormattedInstant(hiField.slice('hi='.length))
  return lo === undefined || hi === undefined || lo > hi ? undefined : { lo, hi }
}
