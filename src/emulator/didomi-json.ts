/** JSON as it comes, looked into with care: what a test seeds need not be what a user should be. */

/** A JSON object of which nothing is known. */
export type JsonObject = Readonly<Record<string, unknown>>

/** Whether a value is a JSON object, and no list. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value itself where it is an object, else an empty one. */
export const objectIn = (value: unknown): JsonObject => (isObject(value) ? value : {})

/** The objects of a list; none where it is no list. */
export const objectsIn = (value: unknown): JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : [])

/** The texts of a list; none where it is no list. */
export const textsIn = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []

/** Milliseconds since the epoch of an ISO 8601 text; `undefined` for anything else. */
export function instantIn(value: unknown): number | undefined {
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}T/.test(value)) return undefined
  const ms = Date.parse(value)
  return Number.isNaN(ms) ? undefined : ms
}
