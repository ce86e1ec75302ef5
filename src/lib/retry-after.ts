/** The `Retry-After` of an answer, in milliseconds. */

/**
 * Reads seconds or an HTTP date. A date is measured against the answer's own `Date`, because our clock may differ.
 * `undefined` where the header is absent or unreadable.
 */
export function retryAfterMs(headers: Readonly<Record<string, string>>, nowMs: number): number | undefined {
  const value = headers['retry-after']?.trim()
  if (value === undefined || value === '') return undefined
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1_000
  const until = Date.parse(value)
  if (Number.isNaN(until)) return undefined
  const answeredAt = Date.parse(headers['date'] ?? '')
  return Math.max(0, until - (Number.isNaN(answeredAt) ? nowMs : answeredAt))
}
