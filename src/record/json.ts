/** What may be read out of parsed JSON without trusting it: objects, ids, well-formed text. */

/** A JSON object whose members nobody has looked at; names such as `__proto__` are data like any other. */
export type UntrustedObject = Readonly<Record<string, unknown>>

/** The value as a JSON object; `undefined` for an array, null or a scalar. */
export function asObject(value: unknown): UntrustedObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as UntrustedObject) : undefined
}

/** The value as a JSON array; an empty one for anything else. */
export function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** Whether a text holds U+0000, which PostgreSQL's text type cannot store. */
export function hasNul(text: string): boolean {
  return text.includes('\0')
}

/**
 * Replaces lone surrogates by U+FFFD. JSON can escape half a character, UTF-8 cannot carry it: without this a text
 * read back from a store would differ from the text written.
 */
export function wellFormed(text: string): string {
  return text.toWellFormed()
}

/** A purpose, preference, channel or event id, well-formed; `undefined` where it is empty, no string or holds U+0000. */
export function asId(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && !hasNul(value) ? wellFormed(value) : undefined
}
