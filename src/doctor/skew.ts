/** How far our clock is from a server's, by the `Date` of its answer. */

import { type Finding, failed, ok, skipped, warning } from './finding.ts'

/** `Date` has whole seconds, and the answer may have waited on its way. */
const UNCERTAIN_MS = 1_000
const WORTH_A_WORD_MS = 5_000
/** Beyond this, assertions of certificates are refused, and soon signatures of requests too (AWS: 15 minutes). */
const REFUSED_MS = 300_000

/** Judges the difference. The server wrote its `Date` between `sentAtMs` and `answeredAtMs` of our clock. */
export function skewFinding(
  server: string,
  dateMs: number | undefined,
  sentAtMs: number,
  answeredAtMs: number,
): Finding {
  if (dateMs === undefined) return skipped(`${server} gave no time`)
  const ahead = sentAtMs - (dateMs + UNCERTAIN_MS)
  const behind = dateMs - answeredAtMs
  const offMs = Math.max(ahead, behind, 0)
  const found = `our clock is ${Math.round(offMs / 1_000)} s ${ahead > behind ? 'ahead of' : 'behind'} ${server}`
  const remedy = 'Set the clock of this machine (NTP).'
  if (offMs >= REFUSED_MS) return failed('configuration', found, remedy)
  if (offMs > WORTH_A_WORD_MS) return warning(found, remedy)
  return ok(`agrees with ${server}`)
}
